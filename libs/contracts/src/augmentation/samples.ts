import { z } from 'zod';
import { defineJob, defineRpc } from '../define.js';
import { objectId, paging, sha256, timestamp, workspaceName } from '../schemas.js';
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

/** What one request made of a list. */
export const sampleSet = z.object({
  id: objectId,
  listId: objectId,
  /** Counts the finished requests of the list, from 1. It is 0 for sets from before they were counted. */
  number: z.int().nonnegative(),
  createdAt: timestamp,
  /** Samples of it. */
  count: z.int().nonnegative(),
});
export type SampleSet = z.output<typeof sampleSet>;
/** Sets of one answer. */
export const MAX_SETS_PER_PAGE = 1000;

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
  /** Lists the kept sets of all lists of a project, oldest first. There are none of a project that does not exist. */
  listSets: defineRpc({
    owner,
    subject: 'augmentation.v1.samples.list-sets',
    request: z.strictObject({
      projectId: objectId,
      offset: paging.offset,
      limit: z.int().min(1).max(MAX_SETS_PER_PAGE).default(MAX_SETS_PER_PAGE),
    }),
    response: z.object({ sets: z.array(sampleSet), total: z.int() }),
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
