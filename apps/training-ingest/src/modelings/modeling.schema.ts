import type { ModelingState } from '@pentaprism/domain';
import { Schema, type Types } from 'mongoose';
import type { TargetRecord } from './target.schema.js';

/** A column of images, and how many distinct images of it the project has so far. */
export interface ImageColumn {
  index: number;
  name: string;
  images: number;
}

/** The last image of a dataset that was added to the project, in the order of rows and columns. */
export interface ImagePlace {
  row: number;
  column: number;
}

/** Before the first image of a dataset, whose rows begin with 1. */
export const BEFORE_ALL: ImagePlace = { row: 0, column: 0 };

/** What is known of a project that was made of a dataset, beside the record of the catalog, which has the same id. */
export interface ModelingDocument {
  _id: Types.ObjectId;
  workspace: string;
  dataset: Types.ObjectId;
  name: string;
  createdBy: string;
  createdAt: Date;
  /** The creation, in the ledger. Of a snapshot: the job that reads the values of the target. */
  job: Types.ObjectId;
  state: ModelingState;
  /** Null until the project is in the catalog. */
  imageColumns: ImageColumn[] | null;
  after: ImagePlace;
  holdoutUnlocked: boolean;
  /** Whether its rows are a snapshot of a live table. Until it is ready, the table is shown. */
  isSnapshot?: true;
  target: TargetRecord | null;
  /** How many candidates the project has had. */
  candidates: number;
  /** From then on it is not found. Its images are removed before its own record. */
  deletedAt: Date | null;
}

/** The bytes that one or more rows of an image column have, and the image of the catalog that they are. */
export interface ProjectImageDocument {
  project: Types.ObjectId;
  /** The index of the column. */
  column: number;
  /** From 0, in the order of first rows, without gaps: a page is a range of positions. */
  position: number;
  image: Types.ObjectId;
  sha256: string;
  size: number;
  mediaType: string;
  width: number;
  height: number;
  /** How many rows of the column have it. */
  rows: number;
}

/**
 * Returns a text that changes whenever the images of a column, or the numbers of their rows do. Images are added in the order of
 * rows, and a row can be added to an image that is there.
 */
export function listRevision({ after }: Pick<ModelingDocument, 'after'>, { index, images }: ImageColumn): string {
  return `${index}.${images}.${after.row}.${after.column}`;
}

export const MODELING_MODEL = 'Modeling';
export const PROJECT_IMAGE_MODEL = 'ProjectImage';

export const modelingSchema = new Schema<ModelingDocument>(
  {
    workspace: { type: String, required: true },
    dataset: { type: Schema.Types.ObjectId, required: true },
    name: { type: String, required: true },
    createdBy: { type: String, default: '' },
    createdAt: { type: Date, required: true },
    job: { type: Schema.Types.ObjectId, required: true },
    state: { type: String, required: true },
    imageColumns: { type: Schema.Types.Mixed, default: null },
    after: { type: Schema.Types.Mixed, required: true },
    holdoutUnlocked: { type: Boolean, default: false },
    isSnapshot: Boolean,
    target: { type: Schema.Types.Mixed, default: null },
    candidates: { type: Number, default: 0 },
    deletedAt: { type: Date, default: null },
  },
  { collection: 'modelings', versionKey: false, minimize: false },
);
modelingSchema.index({ workspace: 1, dataset: 1, createdAt: 1, _id: 1 });
modelingSchema.index({ 'target.search': 1 }, { partialFilterExpression: { 'target.search': true } });
modelingSchema.index({ workspace: 1, state: 1 }, { partialFilterExpression: { state: 'filling' } });
modelingSchema.index({ deletedAt: 1 }, { partialFilterExpression: { deletedAt: { $type: 'date' } } });

export const projectImageSchema = new Schema<ProjectImageDocument>(
  {
    project: { type: Schema.Types.ObjectId, required: true },
    column: { type: Number, required: true },
    position: { type: Number, required: true },
    image: { type: Schema.Types.ObjectId, required: true },
    sha256: { type: String, required: true },
    size: { type: Number, required: true },
    mediaType: { type: String, required: true },
    width: { type: Number, required: true },
    height: { type: Number, required: true },
    rows: { type: Number, required: true },
  },
  { collection: 'project_images', versionKey: false },
);
projectImageSchema.index({ project: 1, column: 1, position: 1 }, { unique: true });
projectImageSchema.index({ project: 1, sha256: 1, column: 1 }, { unique: true });
projectImageSchema.index({ project: 1, image: 1 });
/** Images that two rows or more have, those of most rows first. */
export const DUPLICATES_INDEX = { project: 1, column: 1, rows: -1, position: 1 } as const;
projectImageSchema.index(DUPLICATES_INDEX, { partialFilterExpression: { rows: { $gt: 1 } } });
