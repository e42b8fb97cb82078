import type { PredictionDataset } from '@pentaprism/contracts';
import { Schema, type Types } from 'mongoose';
import type { DatasetDocument } from '../datasets/dataset.schema.js';

/** A dataset whose rows are to be predicted by models of a project. It keeps the dataset. */
export interface PredictionDatasetDocument {
  _id: Types.ObjectId;
  workspace: string;
  project: Types.ObjectId;
  dataset: Types.ObjectId;
  /** Whether the dataset was uploaded for it, and goes with it. */
  own: boolean;
  name: string;
  /** The import, in the ledger. */
  job: Types.ObjectId;
  /** Whether it has been imported. */
  ready: boolean;
  createdAt: Date;
  /** From then on it is not found. What was predicted for it is removed before its own record. */
  deletedAt: Date | null;
}

export const PREDICTION_DATASET_MODEL = 'PredictionDataset';

export const predictionDatasetSchema = new Schema<PredictionDatasetDocument>(
  {
    workspace: { type: String, required: true },
    project: { type: Schema.Types.ObjectId, required: true },
    dataset: { type: Schema.Types.ObjectId, required: true },
    own: { type: Boolean, required: true },
    name: { type: String, required: true },
    job: { type: Schema.Types.ObjectId, required: true },
    ready: { type: Boolean, required: true },
    createdAt: { type: Date, required: true },
    deletedAt: { type: Date, default: null },
  },
  { collection: 'prediction_datasets', versionKey: false },
);
predictionDatasetSchema.index({ workspace: 1, project: 1, deletedAt: 1, ready: 1, createdAt: -1, _id: -1 });
predictionDatasetSchema.index({ createdAt: 1 }, { partialFilterExpression: { deletedAt: null } });
predictionDatasetSchema.index({ deletedAt: 1 }, { partialFilterExpression: { deletedAt: { $type: 'date' } } });

export function toPredictionDataset(
  { _id, project, name, createdAt }: PredictionDatasetDocument,
  { rowCount, columnCount }: Pick<DatasetDocument, 'rowCount' | 'columnCount'>,
): PredictionDataset {
  return {
    id: _id.toHexString(),
    projectId: project.toHexString(),
    name,
    createdAt: createdAt.getTime(),
    rowCount: rowCount ?? 0,
    columnCount: columnCount ?? 0,
  };
}
