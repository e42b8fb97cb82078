import {
  CANDIDATE_STATES,
  MAX_CANDIDATE_IMAGE_COLUMNS,
  MAX_COLUMN_NAME_LENGTH,
  METRICS,
  type MetricName,
} from '@pentaprism/domain';
import { z } from 'zod';
import { augmentationRecipe } from '../augmentation/lists.js';
import { defineFact, defineJob, defineRpc } from '../define.js';
import { backboneId } from '../insights/embeddings.js';
import { contentReference, empty, objectId, paging, sha256, timestamp, workspaceName } from '../schemas.js';
import { target } from './targets.js';

const owner = 'training-ingest' as const;

/** Images of one page of `images`. */
export const MAX_CANDIDATE_IMAGES_PER_PAGE = 2_000;

const projectKey = { projectId: objectId };
const candidateKey = { ...projectKey, candidateId: objectId };
const columnName = z.string().min(1).max(MAX_COLUMN_NAME_LENGTH);
const blueprintId = z.string().min(1).max(50);

/** How well a model does. Null: there were no rows to find it out with. */
const scores = z.object({
  /** Of the first fold. */
  validation: z.number().nullable(),
  /** The mean over all folds. */
  crossValidation: z.number().nullable(),
  /** Of rows that no fold contains. */
  holdout: z.number().nullable(),
});

export const candidateMetrics = z.partialRecord(z.enum(METRICS.map(({ name }) => name) as [MetricName]), scores);
export type CandidateMetrics = z.output<typeof candidateMetrics>;

/** A way to make a model of a project. */
export const blueprint = z.object({ id: blueprintId, modelType: z.string(), processes: z.array(z.string()) });
export type Blueprint = z.output<typeof blueprint>;

/** A model of a project's target. The models of a project are compared by the same partitions of its rows. */
export const candidate = z.object({
  id: objectId,
  projectId: objectId,
  /** Within the project, from 1. */
  number: z.int().positive(),
  blueprint,
  state: z.enum(CANDIDATE_STATES),
  /** Of the job that trains it. */
  jobId: objectId,
  jobNumber: z.int().positive(),
  createdAt: timestamp,
  trainedAt: timestamp.nullable(),
  /** The image columns that it uses. */
  imageColumns: z.array(columnName).max(MAX_CANDIDATE_IMAGE_COLUMNS),
  /** Rows that it learned from. Null until it is trained. */
  rowCount: z.int().nonnegative().nullable(),
  /** Empty until it is trained. */
  metrics: candidateMetrics,
  error: z.string().nullable(),
});
export type Candidate = z.output<typeof candidate>;

/** A candidate in a list: column names are long. */
export const listedCandidate = candidate.omit({ imageColumns: true });
export type ListedCandidate = z.output<typeof listedCandidate>;

/** What is needed to predict with a candidate, or to explain it. */
export const trainedFiles = z.object({
  backbone: backboneId,
  /** In the area `models` of the blob store: see `encodeModel` of `@pentaprism/modeling`. */
  model: contentReference,
  /**
   * In the area `models`: what was predicted for each row by a model that had not seen it, float32, rows × outputs, in the order of
   * rows.
   */
  predictions: contentReference,
});
export type TrainedFiles = z.output<typeof trainedFiles>;

/** A candidate was deleted by itself. If its project is deleted, there is no such fact. */
export const candidateDeleted = defineFact({ owner, name: 'candidate.deleted', data: z.object(candidateKey) });

export const candidateContracts = {
  /**
   * Begins the training of a candidate. INVALID_ARGUMENT: the blueprint is not one of the project's. FAILED_PRECONDITION: there is no
   * target (`reason`: no-target), the same blueprint waits or runs (`reason`: under-way), or there are as many as there may be
   * (`reason`: too-many).
   */
  train: defineRpc({
    owner,
    subject: 'training-ingest.v1.candidate.train',
    request: z.strictObject({ ...projectKey, blueprintId }),
    response: candidate,
    errors: ['NOT_FOUND', 'INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
  }),
  /** Begins the training of every blueprint that has neither a trained nor a waiting candidate. Errors: as `train`. */
  trainAll: defineRpc({
    owner,
    subject: 'training-ingest.v1.candidate.train-all',
    request: z.strictObject(projectKey),
    response: z.object({ candidates: z.array(listedCandidate) }),
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
  }),
  /** Lists candidates: trained ones first, the best by the project's metric first; others in the order of their numbers. */
  list: defineRpc({
    owner,
    subject: 'training-ingest.v1.candidate.list',
    request: z.strictObject({ ...projectKey, state: z.enum(CANDIDATE_STATES).optional() }),
    response: z.object({ candidates: z.array(listedCandidate) }),
    errors: ['NOT_FOUND'],
  }),
  get: defineRpc({
    owner,
    subject: 'training-ingest.v1.candidate.get',
    request: z.strictObject(candidateKey),
    response: candidate,
    errors: ['NOT_FOUND'],
  }),
  /** Also ends a training that is under way. */
  delete: defineRpc({
    owner,
    subject: 'training-ingest.v1.candidate.delete',
    request: z.strictObject(candidateKey),
    response: empty,
    errors: ['NOT_FOUND', 'UNAVAILABLE'],
  }),
  /** Lists the blueprints that fit the project's target and columns; empty without a target. */
  blueprints: defineRpc({
    owner,
    subject: 'training-ingest.v1.candidate.blueprints',
    request: z.strictObject(projectKey),
    response: z.object({ blueprints: z.array(blueprint) }),
    errors: ['NOT_FOUND'],
  }),
  /**
   * Says what a worker has to learn or to explain. Columns that are neither images nor the target are in `modeling.columns`.
   * FAILED_PRECONDITION: the target is not ready.
   */
  plan: defineRpc({
    owner,
    subject: 'training-ingest.v1.candidate.plan',
    request: z.strictObject(candidateKey),
    response: z.object({
      blueprintId,
      target,
      /** The index and name of each image column that the candidate uses. */
      imageColumns: z.array(z.object({ index: z.int().nonnegative(), name: columnName })),
      rowCount: z.int().nonnegative(),
      table: contentReference,
      augmentation: augmentationRecipe.nullable(),
      /** Null until it is trained. */
      files: trainedFiles.nullable(),
    }),
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION'],
  }),
  /** Lists all distinct images of an image column, in the order of their first rows. */
  images: defineRpc({
    owner,
    subject: 'training-ingest.v1.candidate.images',
    request: z.strictObject({
      ...projectKey,
      /** The index of the column. */
      column: z.int().nonnegative(),
      offset: paging.offset,
      limit: z.int().min(1).max(MAX_CANDIDATE_IMAGES_PER_PAGE),
    }),
    response: z.object({
      images: z.array(z.object({ imageId: objectId, sha256, width: z.int().positive(), height: z.int().positive() })),
    }),
    errors: ['NOT_FOUND'],
  }),
};

/** Trains a candidate on the rows of its project. */
export const trainCandidate = defineJob({
  owner,
  type: 'candidate.train',
  queue: 'training',
  payload: z.object({ workspace: workspaceName, projectId: objectId, candidateId: objectId }),
  result: trainedFiles.extend({
    metrics: candidateMetrics,
    /** Rows that it learned from. */
    rowCount: z.int().nonnegative(),
    seconds: z.number().nonnegative(),
  }),
});
