import type { ContentReference, InsightColumn, RecordedMap } from '@pentaprism/contracts';
import type { InsightKind } from '@pentaprism/domain';
import { Schema, type Types } from 'mongoose';

/** The insights of one kind about the images of one candidate. Its id is that of the job that computes them. */
export interface ImageInsightDocument {
  _id: Types.ObjectId;
  workspace: string;
  project: Types.ObjectId;
  candidate: Types.ObjectId;
  kind: InsightKind;
  createdAt: Date;
  /** Raised with each call that records overlays, so that no overlay is recorded while the insight is removed. */
  recorded: number;
  /** Null until they are computed. */
  columns: InsightColumn[] | null;
}

/** A picture with its activation map. Its id is an image id of the project. */
export interface OverlayDocument {
  _id: Types.ObjectId;
  workspace: string;
  project: Types.ObjectId;
  /** The insight that it belongs to. */
  insight: Types.ObjectId;
  /** The index of the column. */
  column: number;
  /** The image that it shows. */
  image: Types.ObjectId;
  content: ContentReference;
  width: number;
  height: number;
  /** What it shows. The job that computes it reads it if it starts again. */
  map: RecordedMap;
}

export const IMAGE_INSIGHT_MODEL = 'ImageInsight';
export const OVERLAY_MODEL = 'Overlay';

export const imageInsightSchema = new Schema<ImageInsightDocument>(
  {
    workspace: { type: String, required: true },
    project: { type: Schema.Types.ObjectId, required: true },
    candidate: { type: Schema.Types.ObjectId, required: true },
    kind: { type: String, required: true },
    createdAt: { type: Date, required: true },
    recorded: { type: Number, default: 0 },
    columns: { type: Schema.Types.Mixed, default: null },
  },
  { collection: 'image_insights', versionKey: false, minimize: false },
);
imageInsightSchema.index({ workspace: 1, candidate: 1, kind: 1 }, { unique: true });
imageInsightSchema.index({ workspace: 1, project: 1, kind: 1, _id: 1 });
// For models of a project that use the same images.
imageInsightSchema.index(
  { workspace: 1, 'columns.positions': 1 },
  { partialFilterExpression: { 'columns.positions': { $type: 'string' } } },
);
// For the sweep of files.
imageInsightSchema.index(
  { workspace: 1, 'columns.file.sha256': 1 },
  { partialFilterExpression: { 'columns.file.sha256': { $type: 'string' } } },
);

export const overlaySchema = new Schema<OverlayDocument>(
  {
    workspace: { type: String, required: true },
    project: { type: Schema.Types.ObjectId, required: true },
    insight: { type: Schema.Types.ObjectId, required: true },
    column: { type: Number, required: true },
    image: { type: Schema.Types.ObjectId, required: true },
    content: { type: Schema.Types.Mixed, required: true },
    width: { type: Number, required: true },
    height: { type: Number, required: true },
    map: { type: Schema.Types.Mixed, required: true },
  },
  { collection: 'overlays', versionKey: false },
);
overlaySchema.index({ insight: 1, column: 1, image: 1 }, { unique: true });
overlaySchema.index({ workspace: 1, 'content.sha256': 1 });
