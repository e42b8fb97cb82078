import {
  MAX_COLUMN_NAME_LENGTH,
  MAX_DATASET_NAME_LENGTH,
  MAX_PREDICTION_ROWS,
  TABLE_PREDICTION_STATES,
} from '@pentaprism/domain';
import { z } from 'zod';
import { defineJob, defineRpc } from '../define.js';
import { backboneId } from '../insights/embeddings.js';
import { contentReference, empty, objectId, paging, sha256, timestamp, workspaceName } from '../schemas.js';
import { datasetSource, MAX_IMAGES_PER_DATASET_PAGE } from './datasets.js';
import { target } from './targets.js';

const owner = 'training-ingest' as const;

/** Prediction datasets of one page of `list`. */
export const MAX_PREDICTION_DATASETS_PER_PAGE = 200;

const projectKey = { projectId: objectId };
const predictionDatasetKey = { ...projectKey, predictionDatasetId: objectId };
const predictionKey = { ...projectKey, predictionId: objectId };
const name = z.string().min(1).max(MAX_DATASET_NAME_LENGTH);
const columnName = z.string().min(1).max(MAX_COLUMN_NAME_LENGTH);

/** Data of a project whose target is to be predicted, imported as any dataset is. */
export const predictionDataset = z.object({
  id: objectId,
  projectId: objectId,
  name: z.string(),
  createdAt: timestamp,
  rowCount: z.int().nonnegative(),
  columnCount: z.int().nonnegative(),
});
export type PredictionDataset = z.output<typeof predictionDataset>;

export const predictionDatasetContracts = {
  /**
   * Takes data to predict, and begins the job that imports it; a dataset of the workspace is there already. FAILED_PRECONDITION:
   * that dataset is still being imported, or the project has too many prediction datasets (`reason`: too-many). INVALID_ARGUMENT:
   * the address is not one that may be fetched.
   */
  create: defineRpc({
    owner,
    subject: 'training-ingest.v1.prediction-dataset.create',
    request: z.strictObject({
      ...projectKey,
      source: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('dataset'), datasetId: objectId, versionId: objectId.optional() }),
        z.strictObject({ kind: z.literal('new'), fileName: name, source: datasetSource }),
      ]),
    }),
    response: z.object({ id: objectId, jobId: objectId }),
    errors: ['NOT_FOUND', 'INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
  }),
  /** Lists those that have been imported, newest first. */
  list: defineRpc({
    owner,
    subject: 'training-ingest.v1.prediction-dataset.list',
    request: z.strictObject({
      ...projectKey,
      offset: paging.offset,
      limit: z.int().min(1).max(MAX_PREDICTION_DATASETS_PER_PAGE).default(MAX_PREDICTION_DATASETS_PER_PAGE),
    }),
    response: z.object({ predictionDatasets: z.array(predictionDataset), total: z.int().nonnegative() }),
    errors: ['NOT_FOUND'],
  }),
  /** NOT_FOUND also until it has been imported. */
  get: defineRpc({
    owner,
    subject: 'training-ingest.v1.prediction-dataset.get',
    request: z.strictObject(predictionDatasetKey),
    response: predictionDataset,
    errors: ['NOT_FOUND'],
  }),
  /** Also deletes what was predicted for it, and ends its jobs. */
  delete: defineRpc({
    owner,
    subject: 'training-ingest.v1.prediction-dataset.delete',
    request: z.strictObject(predictionDatasetKey),
    response: empty,
    errors: ['NOT_FOUND', 'UNAVAILABLE'],
  }),
};

/** What a model predicts for the rows of a prediction dataset. */
export const tablePrediction = z.object({
  id: objectId,
  projectId: objectId,
  candidateId: objectId,
  predictionDatasetId: objectId,
  state: z.enum(TABLE_PREDICTION_STATES),
  jobId: objectId,
  jobNumber: z.int().positive(),
  createdAt: timestamp,
  target: target.pick({ type: true, positiveClass: true }),
  rowCount: z.int().nonnegative(),
  /** In the area `models` of the blob store: a line of JSON for each row (see `predictedRow`). Null until it is there. */
  file: contentReference.nullable(),
  error: z.string().nullable(),
});
export type TablePrediction = z.output<typeof tablePrediction>;

/** What is predicted for a row, in the order of rows. All are null if nothing of the row could be read. */
export const predictedRow = z.object({
  /** From 0. */
  rowId: z.int().nonnegative(),
  /** A class, the labels of a multilabel target, or a number. */
  prediction: z.union([z.string(), z.array(z.string()), z.number()]).nullable(),
  /** The probability of each class. They add up to 1, except for a multilabel target. Empty for a regression. */
  values: z.array(z.object({ label: z.string(), value: z.number().nullable() })),
  /** Of a target with two classes. */
  positiveProbability: z.number().nullable(),
});
export type PredictedRow = z.output<typeof predictedRow>;

export const tablePredictionContracts = {
  /**
   * Begins to predict the rows of a prediction dataset. INVALID_ARGUMENT: columns of the model are missing, or there are more than
   * `MAX_PREDICTION_ROWS` rows. FAILED_PRECONDITION: the model has not been trained, the same prediction waits or runs (`reason`:
   * under-way), or there are as many as there may be (`reason`: too-many).
   */
  predict: defineRpc({
    owner,
    subject: 'training-ingest.v1.table-prediction.predict',
    request: z.strictObject({ ...predictionDatasetKey, candidateId: objectId }),
    response: tablePrediction,
    errors: ['NOT_FOUND', 'INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
  }),
  get: defineRpc({
    owner,
    subject: 'training-ingest.v1.table-prediction.get',
    request: z.strictObject(predictionKey),
    response: tablePrediction,
    errors: ['NOT_FOUND'],
  }),
  /** Says what a worker has to predict. */
  plan: defineRpc({
    owner,
    subject: 'training-ingest.v1.table-prediction.plan',
    request: z.strictObject(predictionKey),
    response: z.object({
      target,
      backbone: backboneId,
      /** See `decodeModel` of `@pentaprism/modeling`. */
      model: contentReference,
      rowCount: z.int().nonnegative().max(MAX_PREDICTION_ROWS),
      table: contentReference,
      /** The columns of the model, and where they are in the table. */
      columns: z.array(z.object({ index: z.int().nonnegative(), name: columnName, hasImages: z.boolean() })),
    }),
    errors: ['NOT_FOUND'],
  }),
  /** Returns the images of cells in the order of rows and columns, after a position. */
  images: defineRpc({
    owner,
    subject: 'training-ingest.v1.table-prediction.images',
    request: z.strictObject({
      ...predictionKey,
      after: z.strictObject({ row: z.int().nonnegative(), column: z.int().nonnegative() }).optional(),
      limit: z.int().min(1).max(MAX_IMAGES_PER_DATASET_PAGE),
    }),
    response: z.object({
      images: z.array(z.object({ row: z.int().positive(), column: z.int().nonnegative(), sha256 })),
    }),
    errors: ['NOT_FOUND'],
  }),
};

/** Imports data to predict, unless it is a dataset of the workspace. */
export const importPredictionDataset = defineJob({
  owner,
  type: 'prediction-dataset.import',
  queue: 'import',
  payload: z.object({
    workspace: workspaceName,
    projectId: objectId,
    predictionDatasetId: objectId,
    datasetId: objectId,
    imported: z.boolean(),
  }),
  result: z.object({}),
});

/** Predicts the rows of a prediction dataset. */
export const predictCandidate = defineJob({
  owner,
  type: 'candidate.predict',
  queue: 'training',
  payload: z.object({ workspace: workspaceName, projectId: objectId, predictionId: objectId }),
  result: z.object({ file: contentReference }),
});
