import type { ContentReference, TablePrediction, Target } from '@pentaprism/contracts';
import type { TablePredictionState } from '@pentaprism/domain';
import { Schema, type Types } from 'mongoose';

/** What a model predicts for the rows of a prediction dataset. */
export interface TablePredictionDocument {
  _id: Types.ObjectId;
  workspace: string;
  project: Types.ObjectId;
  candidate: Types.ObjectId;
  predictionDataset: Types.ObjectId;
  /** The rows. */
  dataset: Types.ObjectId;
  target: Pick<Target, 'type' | 'positiveClass'>;
  rowCount: number;
  state: TablePredictionState;
  /** In the ledger. */
  job: Types.ObjectId;
  jobNumber: number;
  createdAt: Date;
  /** In the area `models`. */
  file: ContentReference | null;
  error: string | null;
  /** From then on no call finds it. It is removed later. */
  deletedAt: Date | null;
}

export const TABLE_PREDICTION_MODEL = 'TablePrediction';

export const tablePredictionSchema = new Schema<TablePredictionDocument>(
  {
    workspace: { type: String, required: true },
    project: { type: Schema.Types.ObjectId, required: true },
    candidate: { type: Schema.Types.ObjectId, required: true },
    predictionDataset: { type: Schema.Types.ObjectId, required: true },
    dataset: { type: Schema.Types.ObjectId, required: true },
    target: { type: Schema.Types.Mixed, required: true },
    rowCount: { type: Number, required: true },
    state: { type: String, required: true },
    job: { type: Schema.Types.ObjectId, required: true },
    jobNumber: { type: Number, required: true },
    createdAt: { type: Date, required: true },
    file: { type: Schema.Types.Mixed, default: null },
    error: { type: String, default: null },
    deletedAt: { type: Date, default: null },
  },
  { collection: 'table_predictions', versionKey: false, minimize: false },
);
tablePredictionSchema.index({ workspace: 1, project: 1, deletedAt: 1, state: 1 });
tablePredictionSchema.index({ workspace: 1, predictionDataset: 1, deletedAt: 1 });
/** The same prediction once at a time, also if two are asked for at once. */
tablePredictionSchema.index(
  { workspace: 1, predictionDataset: 1, candidate: 1 },
  { name: 'one_prediction', unique: true, partialFilterExpression: { state: 'predicting' } },
);
tablePredictionSchema.index({ createdAt: 1 }, { partialFilterExpression: { deletedAt: null } });
tablePredictionSchema.index({ deletedAt: 1 }, { partialFilterExpression: { deletedAt: { $type: 'date' } } });
tablePredictionSchema.index(
  { workspace: 1, 'file.sha256': 1 },
  { partialFilterExpression: { 'file.sha256': { $type: 'string' } } },
);

export function toTablePrediction(document: TablePredictionDocument): TablePrediction {
  const { _id, project, candidate, predictionDataset, job, createdAt, target } = document;
  return {
    id: _id.toHexString(),
    projectId: project.toHexString(),
    candidateId: candidate.toHexString(),
    predictionDatasetId: predictionDataset.toHexString(),
    state: document.state,
    jobId: job.toHexString(),
    jobNumber: document.jobNumber,
    createdAt: createdAt.getTime(),
    target,
    rowCount: document.rowCount,
    file: document.file,
    error: document.error,
  };
}
