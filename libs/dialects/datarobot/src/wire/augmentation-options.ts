import type { Project } from '@pentaprism/contracts';
import {
  NEW_IMAGES_PER_IMAGE,
  TRANSFORMATION_PROBABILITY,
  TRANSFORMATIONS,
  type TransformationDefinition,
} from '@pentaprism/domain';
import { z } from 'zod';

const optionParam = z.object({
  name: z.string(),
  translatedName: z.string(),
  type: z.string(),
  minValue: z.number(),
  currentValue: z.number(),
  maxValue: z.number(),
});

export const augmentationOptions = z
  .object({
    id: z.string(),
    name: z.string(),
    projectId: z.string(),
    featureName: z.string(),
    minTransformationProbability: z.number(),
    currentTransformationProbability: z.number(),
    maxTransformationProbability: z.number(),
    minNumberOfNewImages: z.int(),
    currentNumberOfNewImages: z.int(),
    maxNumberOfNewImages: z.int(),
    transformations: z.array(
      z.object({
        name: z.string(),
        translatedName: z.string(),
        enabledByDefault: z.boolean(),
        affectedByTransformationProbability: z.boolean(),
        params: z.array(optionParam),
      }),
    ),
  })
  .meta({ id: 'ImageAugmentationOptions' });

/**
 * Options are no record of their own: their id is the project's.
 * @param featureName of the image column that lists are for
 */
export function toAugmentationOptions(
  { id, name }: Project,
  featureName: string,
): z.output<typeof augmentationOptions> {
  return {
    id,
    name: `Image augmentation of ${name}`,
    projectId: id,
    featureName,
    minTransformationProbability: TRANSFORMATION_PROBABILITY.min,
    currentTransformationProbability: TRANSFORMATION_PROBABILITY.default,
    maxTransformationProbability: TRANSFORMATION_PROBABILITY.max,
    minNumberOfNewImages: NEW_IMAGES_PER_IMAGE.min,
    currentNumberOfNewImages: NEW_IMAGES_PER_IMAGE.default,
    maxNumberOfNewImages: NEW_IMAGES_PER_IMAGE.max,
    transformations: TRANSFORMATIONS.map(toOption),
  };
}

function toOption({ name, label, enabledByDefault, obeysProbability, params }: TransformationDefinition) {
  return {
    name,
    translatedName: label,
    enabledByDefault,
    affectedByTransformationProbability: obeysProbability,
    params: params.map(({ name, label, type, min, default: current, max }) => ({
      name,
      translatedName: label,
      type,
      minValue: min,
      currentValue: current,
      maxValue: max,
    })),
  };
}
