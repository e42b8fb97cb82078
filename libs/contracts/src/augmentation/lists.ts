import { z } from 'zod';
import { defineRpc } from '../define.js';
import { empty, objectId, paging } from '../schemas.js';

const owner = 'augmentation' as const;

/** What users store of one transformation; kept exactly as sent. */
export const transformationSetting = z.looseObject({
  name: z.string().max(100),
  enabled: z.boolean().optional(),
  params: z
    .array(
      z.looseObject({
        name: z.string().max(100),
        currentValue: z.number().optional(),
        minValue: z.number().optional(),
        maxValue: z.number().optional(),
      }),
    )
    .max(50)
    .optional(),
});

/** Bytes that one list of transformations takes as JSON: settings are kept as sent, so their size is the client's. */
export const MAX_TRANSFORMATIONS_BYTES = 8 * 1024;
/** Lists of one answer: even with settings of full size they fit into one message of the bus. */
export const MAX_LISTS_PER_PAGE = 50;

const recipe = {
  transformationProbability: z.number().min(0).max(1),
  numberOfNewImages: z.int().min(0),
  transformations: z
    .array(transformationSetting)
    .max(50)
    .refine((settings) => Buffer.byteLength(JSON.stringify(settings)) <= MAX_TRANSFORMATIONS_BYTES, {
      message: `must not take more than ${MAX_TRANSFORMATIONS_BYTES} bytes as JSON`,
    }),
};

/** How new images are made of one. */
export const augmentationRecipe = z.object(recipe);
export type AugmentationRecipe = z.output<typeof augmentationRecipe>;

const listFields = {
  name: z.string().min(1).max(500),
  featureName: z.string().min(1).max(500).nullable(),
  initialList: z.boolean(),
  ...recipe,
};

export const augmentationList = z.object({
  id: objectId,
  projectId: objectId,
  /** Whether a training has learned from it. */
  inUse: z.boolean(),
  samplesId: objectId.nullable(),
  ...listFields,
});
export type AugmentationList = z.output<typeof augmentationList>;

export const augmentationListContracts = {
  create: defineRpc({
    owner,
    subject: 'augmentation.v1.list.create',
    request: z.strictObject({ projectId: objectId, ...listFields }),
    response: augmentationList,
    /** FAILED_PRECONDITION: the project has as many lists as it may have. */
    errors: ['INVALID_ARGUMENT', 'NOT_FOUND', 'FAILED_PRECONDITION'],
  }),
  get: defineRpc({
    owner,
    subject: 'augmentation.v1.list.get',
    request: z.strictObject({ id: objectId }),
    response: augmentationList,
    errors: ['NOT_FOUND'],
  }),
  /** Oldest first. */
  list: defineRpc({
    owner,
    subject: 'augmentation.v1.list.list',
    request: z.strictObject({
      projectId: objectId,
      featureName: z.string().optional(),
      offset: paging.offset,
      limit: z.int().min(1).max(MAX_LISTS_PER_PAGE).default(MAX_LISTS_PER_PAGE),
    }),
    response: z.object({ lists: z.array(augmentationList), total: z.int() }),
    errors: ['NOT_FOUND'],
  }),
  /**
   * Returns what a training of a project learns from besides its images: the recipe of its newest list with `initialList`, without
   * what clients added to it. The list is in use from then on. Null if there is none, also because the project does not exist, and
   * for one of no new images.
   */
  forTraining: defineRpc({
    owner,
    subject: 'augmentation.v1.list.for-training',
    request: z.strictObject({
      projectId: objectId,
      /** Whether a training will use it: the list is in use from then on. */
      use: z.boolean().default(true),
    }),
    response: z.object({ recipe: augmentationRecipe.nullable() }),
  }),
  /** Changes the members that are given. */
  update: defineRpc({
    owner,
    subject: 'augmentation.v1.list.update',
    request: z.strictObject({ id: objectId, changes: z.strictObject(listFields).partial() }),
    response: augmentationList,
    errors: ['INVALID_ARGUMENT', 'NOT_FOUND'],
  }),
  /** FAILED_PRECONDITION: it is in use. */
  delete: defineRpc({
    owner,
    subject: 'augmentation.v1.list.delete',
    request: z.strictObject({ id: objectId }),
    response: empty,
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION'],
  }),
};
