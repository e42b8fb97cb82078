import type { PredictedRow, PredictionDataset, TablePrediction } from '@pentaprism/contracts';
import { LABEL_THRESHOLD, MAX_IMAGE_URL_LENGTH } from '@pentaprism/domain';
import { z } from 'zod';
import { pagingQuery } from './paging.js';
import { bodyId } from './parameters.js';
import { TARGET_TYPE_NAMES } from './target.js';

/** All prediction datasets of a project if the client does not say. */
export const predictionDatasetsQuery = z.object(pagingQuery(0));

export const fromUrlBody = z
  .object({ url: z.string().min(1).max(MAX_IMAGE_URL_LENGTH) })
  .meta({ id: 'PredictionDatasetFromUrl' });

export const fromDatasetBody = z
  .object({ datasetId: bodyId, datasetVersionId: bodyId.nullish() })
  .meta({ id: 'PredictionDatasetFromDataset' });

/** `datasetId` is the id of the prediction dataset, which is found as soon as it has been imported. */
export const createdPredictionDatasetBody = z
  .object({ datasetId: z.string(), statusId: z.string() })
  .meta({ id: 'CreatedPredictionDataset' });

export const predictionDatasetBody = z
  .object({
    id: z.string(),
    projectId: z.string(),
    name: z.string(),
    created: z.iso.datetime(),
    numRows: z.int(),
    numColumns: z.int(),
  })
  .meta({ id: 'PredictionDataset' });

export function toPredictionDatasetBody(dataset: PredictionDataset): z.output<typeof predictionDatasetBody> {
  const { id, projectId, name, createdAt, rowCount, columnCount } = dataset;
  const created = new Date(createdAt).toISOString();
  return { id, projectId, name, created, numRows: rowCount, numColumns: columnCount };
}

/** `datasetId` is the id of a prediction dataset. Other members, such as those of time series, have no effect. */
export const predictBody = z.object({ modelId: z.string(), datasetId: z.string() }).meta({ id: 'PredictionCreate' });

const predictionBody = z.object({
  rowId: z.int(),
  /** A class, a number, or the labels of a multilabel target. Null if nothing of the row could be read. */
  prediction: z.union([z.string(), z.array(z.string()), z.number()]).nullable(),
  /** For two classes only. */
  predictionThreshold: z.number().optional(),
  /** Absent for a regression. `threshold` is there for a multilabel target. */
  predictionValues: z
    .array(z.object({ label: z.string(), value: z.number().nullable(), threshold: z.number().optional() }))
    .optional(),
  positiveProbability: z.number().nullable(),
});

export const predictionsBody = z
  .object({
    task: z.enum(Object.values(TARGET_TYPE_NAMES)),
    positiveClass: z.string().nullable(),
    predictions: z.array(predictionBody),
  })
  .meta({ id: 'Predictions' });

/** Returns what an answer says before its rows. */
export function toPredictionsHead({ target }: TablePrediction): Omit<z.output<typeof predictionsBody>, 'predictions'> {
  return { task: TARGET_TYPE_NAMES[target.type], positiveClass: target.positiveClass };
}

export function toPredictionBody(
  { rowId, prediction, values, positiveProbability }: PredictedRow,
  { target: { type } }: TablePrediction,
): z.output<typeof predictionBody> {
  if (type === 'regression') return { rowId, prediction, positiveProbability };
  if (type === 'multilabel') {
    const predictionValues = values.map((each) => ({ ...each, threshold: LABEL_THRESHOLD }));
    // The client looks for each label in the prediction, so that null is no list to it.
    return { rowId, prediction: prediction ?? [], predictionValues, positiveProbability };
  }
  const threshold = type === 'binary' ? { predictionThreshold: LABEL_THRESHOLD } : {};
  return { rowId, prediction, ...threshold, predictionValues: values, positiveProbability };
}
