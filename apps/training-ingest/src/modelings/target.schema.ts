import type { Finding, FindingCounts, Target, TargetBin } from '@pentaprism/contracts';
import { Schema, type Types } from 'mongoose';

/** The target of a modeling. */
export interface TargetRecord extends Target {
  /** Of its job, too. Images and bins of another id were left by a job that failed. */
  id: Types.ObjectId;
  /** Whether all values have been read. */
  ready: boolean;
  /** Whether models have to be begun as soon as the values have been read. */
  search: boolean;
  /** How many images of each image column have a value, by index. */
  images: Record<string, number>;
  /** Absent in records of earlier versions. */
  findings?: FindingCounts;
}

/** Images that have the same bytes and the same value of the target in one column. */
export interface TargetImageDocument {
  project: Types.ObjectId;
  target: Types.ObjectId;
  column: number;
  position: number;
  place: number;
  image: Types.ObjectId;
  width: number;
  height: number;
  rows: number;
  /** The label of a row. */
  label?: string;
  /** Of a multilabel target. */
  labels?: string[];
  /** Of a regression. */
  number?: number;
}

export interface TargetBinDocument extends TargetBin {
  project: Types.ObjectId;
  target: Types.ObjectId;
}

/** What is wrong with the values of a target. */
export interface TargetFindingDocument extends Omit<Finding, 'kind'> {
  project: Types.ObjectId;
  target: Types.ObjectId;
  /** See `findingNumber`. */
  rank: number;
  order: number;
}

export const TARGET_FINDING_MODEL = 'TargetFinding';
export const TARGET_IMAGE_MODEL = 'TargetImage';
export const TARGET_BIN_MODEL = 'TargetBin';

const ofTarget = {
  project: { type: Schema.Types.ObjectId, required: true },
  target: { type: Schema.Types.ObjectId, required: true },
  column: { type: Number, required: true },
};

export const targetImageSchema = new Schema<TargetImageDocument>(
  {
    ...ofTarget,
    position: { type: Number, required: true },
    place: { type: Number, required: true },
    image: { type: Schema.Types.ObjectId, required: true },
    width: { type: Number, required: true },
    height: { type: Number, required: true },
    rows: { type: Number, required: true },
    label: String,
    labels: { type: [String], default: undefined },
    number: Number,
  },
  { collection: 'target_images', versionKey: false },
);
targetImageSchema.index({ target: 1, column: 1, position: 1 }, { unique: true });
targetImageSchema.index({ target: 1, column: 1, place: 1 });
/** The values of one image. */
targetImageSchema.index({ target: 1, image: 1 });
targetImageSchema.index({ project: 1 });
/** Images that have a label of a multilabel target. */
export const LABELS_INDEX = { target: 1, column: 1, labels: 1, position: 1 } as const;
targetImageSchema.index(LABELS_INDEX, { partialFilterExpression: { labels: { $exists: true } } });
/** The first image of a range of numbers. */
export const NUMBERS_INDEX = { target: 1, column: 1, number: 1, place: 1 } as const;
targetImageSchema.index(NUMBERS_INDEX, { partialFilterExpression: { number: { $exists: true } } });

export const targetBinSchema = new Schema<TargetBinDocument>(
  {
    ...ofTarget,
    order: { type: Number, required: true },
    label: { type: String, default: null },
    start: { type: Number, default: null },
    end: { type: Number, default: null },
    rows: { type: Number, required: true },
    images: { type: Number, required: true },
    firstPlace: { type: Number, required: true },
    cover: { type: Number, default: null },
  },
  { collection: 'target_bins', versionKey: false },
);
targetBinSchema.index({ target: 1, column: 1, order: 1 }, { unique: true });
targetBinSchema.index({ target: 1, column: 1, label: 1 });
targetBinSchema.index({ project: 1 });

export const targetFindingSchema = new Schema<TargetFindingDocument>(
  {
    project: ofTarget.project,
    target: ofTarget.target,
    rank: { type: Number, required: true },
    order: { type: Number, required: true },
    row: { type: Number, default: null },
    column: { type: String, default: null },
    file: { type: String, default: null },
    message: { type: String, required: true },
  },
  { collection: 'target_findings', versionKey: false },
);
targetFindingSchema.index({ target: 1, rank: 1, order: 1 }, { unique: true });
targetFindingSchema.index({ project: 1 });
