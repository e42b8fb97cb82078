import { transformationSetting, type AugmentationList } from '@pentaprism/contracts';
import { z } from 'zod';
import { imageColumn } from './image.js';
import { line } from './line.js';
import { pagingQuery } from './paging.js';

/** Lists of a page where the client does not say. */
const DEFAULT_LIMIT = 100;

const name = line(500);
const featureName = imageColumn.nullable();
const transformationProbability = z.number().min(0).max(1);
const transformations = z.array(transformationSetting).max(50);

export const listsQuery = z.object({
  projectId: z.string(),
  featureName: z.string().optional(),
  ...pagingQuery(DEFAULT_LIMIT),
});

/** Members that the original deprecates (`inUse`, and here `samplesId`) are accepted and have no effect. */
export const createListBody = z
  .object({
    projectId: z.string(),
    name,
    featureName: featureName.default(null),
    initialList: z.boolean().default(false),
    transformationProbability,
    numberOfNewImages: z.int().min(1),
    transformations: transformations.default([]),
  })
  .meta({ id: 'ImageAugmentationListsCreate' });

export const createdListBody = z
  .object({ augmentationListId: z.string() })
  .meta({ id: 'ImageAugmentationListCreateResponse' });

/** `inUse` and `projectId` are accepted and have no effect. */
export const patchListBody = z
  .object({
    name: name.optional(),
    featureName: featureName.optional(),
    initialList: z.boolean().optional(),
    transformationProbability: transformationProbability.optional(),
    numberOfNewImages: z.int().min(0).optional(),
    transformations: transformations.optional(),
  })
  .meta({ id: 'ImageAugmentationListPatchParam' });

export const listBody = z
  .object({
    id: z.string(),
    name: z.string(),
    projectId: z.string(),
    featureName: z.string().nullable(),
    inUse: z.boolean(),
    initialList: z.boolean(),
    transformationProbability: z.number(),
    numberOfNewImages: z.int(),
    samplesId: z.string().nullable(),
    transformations: z.array(transformationSetting),
  })
  .meta({ id: 'ImageAugmentationListsRetrieve' });

export function toListBody(list: AugmentationList): z.output<typeof listBody> {
  const { id, name, projectId, featureName, inUse, initialList, samplesId } = list;
  const { transformationProbability, numberOfNewImages, transformations } = list;
  return {
    id,
    name,
    projectId,
    featureName,
    inUse,
    initialList,
    transformationProbability,
    numberOfNewImages,
    samplesId,
    transformations,
  };
}
