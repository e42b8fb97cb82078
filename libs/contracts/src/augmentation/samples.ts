import { z } from 'zod';
import { defineJob, defineRpc } from '../define.js';
import { objectId, paging, sha256, workspaceName } from '../schemas.js';
import { augmentationRecipe } from './lists.js';

const owner = 'augmentation' as const;

export const sample = z.object({
  imageId: objectId,
  projectId: objectId,
  width: z.int().positive(),
  height: z.int().positive(),
  /** Null for an original of the project. */
  originalImageId: objectId.nullable(),
});
export type Sample = z.output<typeof sample>;

const samplePage = z.object({ samplesId: objectId, samples: z.array(sample), total: z.int() });
/** `limit: null` asks for everything, which the number of samples of one job bounds. */
const samplePaging = { offset: paging.offset, limit: z.int().min(1).nullable().default(null) };

export const sampleContracts = {
  /** Queues a job that makes samples of a list; its id is also that of the samples. */
  request: defineRpc({
    owner,
    subject: 'augmentation.v1.samples.request',
    request: z.strictObject({
      listId: objectId,
      numberOfRows: z.int().min(1),
      idempotencyKey: z.string().max(200).optional(),
    }),
    response: z.object({ jobId: objectId }),
    errors: ['INVALID_ARGUMENT', 'NOT_FOUND', 'RATE_LIMITED'],
  }),
  /** The same for settings that are in no list. */
  requestOnce: defineRpc({
    owner,
    subject: 'augmentation.v1.samples.request-once',
    request: z.strictObject({
      projectId: objectId,
      featureName: z.string().nullable(),
      numberOfRows: z.int().min(1),
      idempotencyKey: z.string().max(200).optional(),
      ...augmentationRecipe.shape,
    }),
    response: z.object({ jobId: objectId }),
    errors: ['INVALID_ARGUMENT', 'NOT_FOUND', 'RATE_LIMITED'],
  }),
  /** The latest finished samples of a list: each original, then what was made of it. */
  listOfList: defineRpc({
    owner,
    subject: 'augmentation.v1.samples.list-of-list',
    request: z.strictObject({ listId: objectId, ...samplePaging }),
    response: samplePage,
    errors: ['NOT_FOUND'],
  }),
  list: defineRpc({
    owner,
    subject: 'augmentation.v1.samples.list',
    request: z.strictObject({ samplesId: objectId, ...samplePaging }),
    response: samplePage,
    errors: ['NOT_FOUND'],
  }),
  /** One augmented image by its id, and where its bytes are. */
  getImage: defineRpc({
    owner,
    subject: 'augmentation.v1.samples.get-image',
    request: z.strictObject({ projectId: objectId, imageId: objectId }),
    response: sample.extend({ sha256, size: z.int(), mediaType: z.string() }),
    errors: ['NOT_FOUND'],
  }),
};

/** Makes `numberOfNewImages` augmented images of each of `numberOfRows` pictures of a project. */
export const makeSamples = defineJob({
  owner,
  type: 'samples.make',
  queue: 'augmentation',
  payload: z.object({
    workspace: workspaceName,
    projectId: objectId,
    listId: objectId.nullable(),
    numberOfRows: z.int().min(1),
    ...augmentationRecipe.shape,
  }),
  result: z.object({
    originals: z.array(
      z.object({
        imageId: objectId,
        width: z.int().positive(),
        height: z.int().positive(),
        augmented: z.array(
          z.object({
            sha256,
            size: z.int(),
            mediaType: z.string(),
            width: z.int().positive(),
            height: z.int().positive(),
          }),
        ),
      }),
    ),
  }),
});
