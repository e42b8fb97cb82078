import type { ContentReference, Dataset, DatasetColumn } from '@pentaprism/contracts';
import type { DatasetState, FindingKind } from '@pentaprism/domain';
import { Schema, type Types } from 'mongoose';

/** How many findings of a kind are stored, and how many are only counted. */
export interface FindingCounts {
  stored: number;
  omitted: number;
}

/** An immutable table that users uploaded. Only its name and its categories can change. */
export interface DatasetDocument {
  _id: Types.ObjectId;
  workspace: string;
  version: Types.ObjectId;
  name: string;
  fileName: string;
  categories: string[];
  state: DatasetState;
  /** The address that the upload is fetched from; null if it was sent. */
  url: string | null;
  /** Bytes in the area `datasets`. They are removed after the import. Null until they have been fetched. */
  upload: ContentReference | null;
  /** Bytes of the upload. */
  size: number | null;
  /** The rows as CSV, in the area `datasets`. */
  table: ContentReference | null;
  /** The import, in the ledger. */
  job: Types.ObjectId;
  createdAt: Date;
  modifiedAt: Date;
  createdBy: string;
  rowCount: number | null;
  columnCount: number | null;
  hasImages: boolean;
  importedRows: number;
  /** Calls of `recordFindings` that have been applied, and how many of them came before the survey was recorded. */
  findingParts: number;
  surveyParts: number;
  imageCount: number;
  findings: Partial<Record<FindingKind, FindingCounts>>;
  /** How many projects and prediction datasets keep its rows. Records of earlier versions do not say. */
  projects?: number;
  /** Whether it is a prediction dataset's own, which is not among the datasets of the workspace. */
  unlisted?: true;
  /**
   * From then on it is not found. When no project keeps it, its images, findings and columns are removed before its own
   * record.
   */
  deletedAt: Date | null;
}

export interface DatasetColumnDocument extends DatasetColumn {
  workspace: string;
  dataset: Types.ObjectId;
}

/** The image of one cell. */
export interface DatasetImageDocument {
  workspace: string;
  dataset: Types.ObjectId;
  row: number;
  column: number;
  label: string | null;
  sha256: string;
  size: number;
}

export interface DatasetFindingDocument {
  _id: Types.ObjectId;
  workspace: string;
  dataset: Types.ObjectId;
  /** See `findingNumber`. */
  rank: number;
  row: number | null;
  column: string | null;
  file: string | null;
  message: string;
}

export const DATASET_MODEL = 'Dataset';
export const DATASET_COLUMN_MODEL = 'DatasetColumn';
export const DATASET_IMAGE_MODEL = 'DatasetImage';
export const DATASET_FINDING_MODEL = 'DatasetFinding';

export const datasetSchema = new Schema<DatasetDocument>(
  {
    workspace: { type: String, required: true },
    version: { type: Schema.Types.ObjectId, required: true },
    name: { type: String, required: true },
    fileName: { type: String, required: true },
    categories: { type: [String], required: true },
    state: { type: String, required: true },
    url: { type: String, default: null },
    upload: { type: Schema.Types.Mixed, default: null },
    size: { type: Number, default: null },
    table: { type: Schema.Types.Mixed, default: null },
    job: { type: Schema.Types.ObjectId, required: true },
    createdAt: { type: Date, required: true },
    modifiedAt: { type: Date, required: true },
    createdBy: { type: String, default: '' },
    rowCount: { type: Number, default: null },
    columnCount: { type: Number, default: null },
    hasImages: { type: Boolean, default: false },
    importedRows: { type: Number, default: 0 },
    findingParts: { type: Number, default: 0 },
    surveyParts: { type: Number, default: 0 },
    imageCount: { type: Number, default: 0 },
    findings: { type: Schema.Types.Mixed, default: {} },
    projects: Number,
    unlisted: Boolean,
    deletedAt: { type: Date, default: null },
  },
  { collection: 'datasets', versionKey: false, minimize: false },
);
datasetSchema.index({ workspace: 1, unlisted: 1, deletedAt: 1, createdAt: -1, _id: -1 });
datasetSchema.index({ workspace: 1, unlisted: 1, deletedAt: 1, name: 1, _id: 1 });
datasetSchema.index({ deletedAt: 1 }, { partialFilterExpression: { deletedAt: { $type: 'date' } } });
/** The fields that hold hashes of files in the area `datasets`. */
export const DATASET_FILES = ['upload', 'table'] as const;
for (const file of DATASET_FILES)
  datasetSchema.index(
    { workspace: 1, [`${file}.sha256`]: 1 },
    { partialFilterExpression: { [`${file}.sha256`]: { $type: 'string' } } },
  );

const ofDataset = {
  workspace: { type: String, required: true },
  dataset: { type: Schema.Types.ObjectId, required: true },
};

export const datasetColumnSchema = new Schema<DatasetColumnDocument>(
  {
    ...ofDataset,
    index: { type: Number, required: true },
    name: { type: String, required: true },
    type: { type: String, required: true },
    uniqueCount: { type: Number, required: true },
    missingCount: { type: Number, required: true },
    values: { type: [String], default: undefined } as never,
    lowInformation: { type: Boolean, required: true },
    statistics: { type: Schema.Types.Mixed, default: null },
  },
  { collection: 'dataset_columns', versionKey: false },
);
datasetColumnSchema.index({ dataset: 1, index: 1 }, { unique: true });

export const datasetImageSchema = new Schema<DatasetImageDocument>(
  {
    ...ofDataset,
    row: { type: Number, required: true },
    column: { type: Number, required: true },
    label: { type: String, default: null },
    sha256: { type: String, required: true },
    size: { type: Number, required: true },
  },
  { collection: 'dataset_images', versionKey: false },
);
datasetImageSchema.index({ dataset: 1, row: 1, column: 1 }, { unique: true });

export const datasetFindingSchema = new Schema<DatasetFindingDocument>(
  {
    ...ofDataset,
    rank: { type: Number, required: true },
    row: { type: Number, default: null },
    column: { type: String, default: null },
    file: { type: String, default: null },
    message: { type: String, required: true },
  },
  { collection: 'dataset_findings', versionKey: false },
);
datasetFindingSchema.index({ dataset: 1, rank: 1, row: 1, _id: 1 });

/** Returns a dataset as contracts show it. */
export function toDataset(document: DatasetDocument): Dataset {
  const { _id, version, createdAt, modifiedAt } = document;
  return {
    id: _id.toHexString(),
    versionId: version.toHexString(),
    name: document.name,
    fileName: document.fileName,
    categories: document.categories,
    state: document.state,
    size: document.size,
    createdAt: createdAt.getTime(),
    modifiedAt: modifiedAt.getTime(),
    createdBy: document.createdBy,
    rowCount: document.rowCount,
    columnCount: document.columnCount,
    importedRows: document.importedRows,
    imageCount: document.imageCount,
    hasImages: document.hasImages,
    table: document.table,
  };
}
