import {
  CLASSIFICATION_TYPES,
  ITERATION_STATUSES,
  MAX_PUBLISH_NAME_LENGTH,
  MAX_TAGS_PER_BATCH,
  MAX_TRAINING_PAGE_SIZE,
  MODEL_DOMAINS,
  TAG_TYPES,
} from '@pentaprism/domain';
import { z } from 'zod';
import { augmentationRecipe } from '../augmentation/lists.js';
import { defineJob, defineRpc } from '../define.js';
import { backboneId } from '../insights/embeddings.js';
import { contentReference, empty, objectId, paging, timestamp, trainingImage, workspaceName } from '../schemas.js';

const owner = 'training-ingest' as const;

const project = { projectId: objectId };

export const iteration = z.object({
  id: objectId,
  projectId: objectId,
  name: z.string(),
  status: z.enum(ITERATION_STATUSES),
  /** From 0 to 1. */
  progress: z.number().min(0).max(1),
  createdAt: timestamp,
  modifiedAt: timestamp,
  trainedAt: timestamp.nullable(),
  domain: z.enum(MODEL_DOMAINS),
  classificationType: z.enum(CLASSIFICATION_TYPES),
  /** As the client said it; kept, and not looked at. */
  trainingType: z.string().nullable(),
  reservedBudgetInHours: z.number(),
  /** Whole minutes, rounded up. */
  trainingMinutes: z.int().nonnegative(),
  publishName: z.string().nullable(),
  publishTarget: z.string().nullable(),
  /** The one that predictions of clients use which cannot name one. */
  isDefault: z.boolean(),
  error: z.string().nullable(),
});
export type Iteration = z.output<typeof iteration>;

const iterationKey = { ...project, iterationId: objectId };
const deviating = {
  precision: z.number(),
  precisionDeviation: z.number(),
  recall: z.number(),
  recallDeviation: z.number(),
};
const figures = z.object({ ...deviating, averagePrecision: z.number().nullable() });

/** What a model sees of one of its tags. */
export const predictedTag = z.object({
  tagId: objectId,
  name: z.string(),
  type: z.enum(TAG_TYPES),
  /** From 0 to 1. */
  probability: z.number().min(0).max(1),
});

/** Kinds of files that a model can be made into. */
export const EXPORT_FORMATS = ['onnx', 'onnx-float16', 'onnx-1.0', 'onnx-1.2', 'tensorflow-js'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export const exportedModel = z.object({
  platform: z.enum(EXPORT_FORMATS),
  status: z.enum(['exporting', 'completed', 'failed']),
  content: contentReference.nullable(),
});
export type ExportedModel = z.output<typeof exportedModel>;

export const iterationContracts = {
  /**
   * Begins a training on a snapshot of the project. INVALID_ARGUMENT: too little to train on, or images with several tags
   * in a multiclass project (`reason`: too-few-tags, too-few-images, several-tags, too-large). CONFLICT: one is under way.
   * FAILED_PRECONDITION: nothing has changed since the last one (`reason`: unchanged), or there are as many as there may be
   * (`reason`: too-many).
   */
  train: defineRpc({
    owner,
    subject: 'training-ingest.v1.iteration.train',
    request: z.strictObject({
      ...project,
      force: z.boolean(),
      /** Only these tags; empty: all that have images. */
      selectedTags: z.array(objectId).max(1_000),
      trainingType: z.string().max(100).nullable(),
      reservedBudgetInHours: z.number().nonnegative(),
    }),
    response: iteration,
    errors: ['NOT_FOUND', 'INVALID_ARGUMENT', 'CONFLICT', 'FAILED_PRECONDITION', 'RATE_LIMITED', 'UNAVAILABLE'],
    deadlineMs: 30_000,
  }),
  /** Newest first. */
  list: defineRpc({
    owner,
    subject: 'training-ingest.v1.iteration.list',
    request: z.strictObject(project),
    response: z.object({ iterations: z.array(iteration) }),
    errors: ['NOT_FOUND'],
  }),
  get: defineRpc({
    owner,
    subject: 'training-ingest.v1.iteration.get',
    request: z.strictObject(iterationKey),
    response: iteration,
    errors: ['NOT_FOUND'],
  }),
  /** The tags that it was trained on, as they were then: the model's outputs, in their order. */
  tags: defineRpc({
    owner,
    subject: 'training-ingest.v1.iteration.tags',
    request: z.strictObject(iterationKey),
    response: z.object({ tags: z.array(z.object({ id: objectId, name: z.string(), type: z.enum(TAG_TYPES) })) }),
    errors: ['NOT_FOUND'],
  }),
  /** Changes the members that are given. The default moves; FAILED_PRECONDITION: to one that is not trained. */
  update: defineRpc({
    owner,
    subject: 'training-ingest.v1.iteration.update',
    request: z.strictObject({
      ...iterationKey,
      name: z.string().min(1).max(100).optional(),
      isDefault: z.boolean().optional(),
    }),
    response: iteration,
    errors: ['NOT_FOUND', 'CONFLICT', 'FAILED_PRECONDITION'],
  }),
  /** Also ends a training that is under way. FAILED_PRECONDITION: it is published, or the default. */
  delete: defineRpc({
    owner,
    subject: 'training-ingest.v1.iteration.delete',
    request: z.strictObject(iterationKey),
    response: empty,
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
  }),
  /**
   * Makes it known under a name. CONFLICT: another one of the project has the name, without `overwrite`.
   * FAILED_PRECONDITION: it is not trained (`reason`: not-trained) or has a name already (`reason`: published).
   */
  publish: defineRpc({
    owner,
    subject: 'training-ingest.v1.iteration.publish',
    request: z.strictObject({
      ...iterationKey,
      name: z.string().min(1).max(MAX_PUBLISH_NAME_LENGTH),
      target: z.string().min(1).max(1_000),
      overwrite: z.boolean(),
    }),
    response: iteration,
    errors: ['NOT_FOUND', 'CONFLICT', 'FAILED_PRECONDITION'],
  }),
  /** Also when it is not published. */
  unpublish: defineRpc({
    owner,
    subject: 'training-ingest.v1.iteration.unpublish',
    request: z.strictObject(iterationKey),
    response: iteration,
    errors: ['NOT_FOUND'],
  }),
  /** From predictions for images that the model had not seen. FAILED_PRECONDITION: it is not trained. */
  performance: defineRpc({
    owner,
    subject: 'training-ingest.v1.iteration.performance',
    request: z.strictObject({ ...iterationKey, threshold: z.number().min(0).max(1) }),
    response: figures.extend({ tags: z.array(figures.extend({ tagId: objectId, name: z.string() })) }),
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION'],
    deadlineMs: 20_000,
  }),
  /** What was predicted for each image of the training while the model had not seen it. */
  imagePerformances: defineRpc({
    owner,
    subject: 'training-ingest.v1.iteration.image-performances',
    request: z.strictObject({
      ...iterationKey,
      anyOfTags: z.array(objectId).max(MAX_TAGS_PER_BATCH).optional(),
      order: z.enum(['newest', 'oldest']),
      offset: paging.offset,
      limit: z.int().min(0).max(MAX_TRAINING_PAGE_SIZE),
    }),
    /** As many as fit into one answer, from the first; `end`: these are the last ones. */
    response: z.object({
      images: z.array(trainingImage.extend({ predictions: z.array(predictedTag) })),
      end: z.boolean(),
      /** Of all pages. */
      total: z.int().nonnegative(),
    }),
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION'],
  }),
  /** Makes files of the model. FAILED_PRECONDITION: it is not trained, or its domain is not for export. */
  export: defineRpc({
    owner,
    subject: 'training-ingest.v1.iteration.export',
    request: z.strictObject({ ...iterationKey, platform: exportedModel.shape.platform }),
    response: exportedModel,
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
    deadlineMs: 60_000,
  }),
  exports: defineRpc({
    owner,
    subject: 'training-ingest.v1.iteration.exports',
    request: z.strictObject(iterationKey),
    response: z.object({ exports: z.array(exportedModel) }),
    errors: ['NOT_FOUND'],
  }),
};

/** Trains the model of an iteration on its snapshot. */
export const trainModel = defineJob({
  owner,
  type: 'model.train',
  queue: 'training',
  payload: z.object({
    workspace: workspaceName,
    projectId: objectId,
    iterationId: objectId,
    classificationType: z.enum(CLASSIFICATION_TYPES),
    /** The model's outputs, in this order. */
    tags: z.array(z.object({ id: objectId, name: z.string() })),
    seed: z.int().nonnegative(),
    /** What is made of each image to be learnt from, too. Jobs of earlier versions do not say. */
    augmentation: augmentationRecipe.nullable().default(null),
  }),
  result: z.object({
    backbone: backboneId,
    /**
     * Files in the area `models` of the blob store: the head; what was predicted of images that it had not seen; and which
     * images those are, the 12 bytes of each id in the order of the rows.
     */
    head: contentReference,
    evaluation: contentReference,
    examples: contentReference,
    images: z.int().positive(),
    seconds: z.number().nonnegative(),
  }),
});

/** Makes files of a trained model that run elsewhere. */
export const exportModel = defineJob({
  owner,
  type: 'model.export',
  queue: 'training',
  payload: z.object({
    workspace: workspaceName,
    iterationId: objectId,
    platform: exportedModel.shape.platform,
    name: z.string(),
    classificationType: z.enum(CLASSIFICATION_TYPES),
    backbone: backboneId,
    head: contentReference,
    /** Names of the model's outputs, in their order. */
    labels: z.array(z.string()),
  }),
  result: z.object({ content: contentReference }),
});
