import type { ContentReference, Sample, SampleSet } from '@pentaprism/contracts';
import { Schema, type Types } from 'mongoose';

/** What one job made. Its id is that of the job. */
export interface SampleSetDocument {
  _id: Types.ObjectId;
  workspace: string;
  project: Types.ObjectId;
  /** Null for settings that are in no list; such a set expires. */
  list: Types.ObjectId | null;
  /** Counts the sets of the list, from 1. Sets from before they were counted have none. */
  number?: number;
  createdAt: Date;
}

/** An image of a set: an original of the project, or what was made of one. */
export interface SampleDocument {
  /** The id of the augmented image; that of an original is `source`, which may be in many sets. */
  _id: Types.ObjectId;
  workspace: string;
  project: Types.ObjectId;
  set: Types.ObjectId;
  /** Place in the set, from 0: each original comes before what was made of it. */
  position: number;
  /** The image in the catalog that it shows, or that it was made of. */
  source: Types.ObjectId;
  width: number;
  height: number;
  /** Bytes in the blob store's area `samples`; null for originals, whose bytes are the catalog's. */
  content: ContentReference | null;
}

export const SAMPLE_SET_MODEL = 'SampleSet';
export const SAMPLE_MODEL = 'Sample';

export const sampleSetSchema = new Schema<SampleSetDocument>(
  {
    workspace: { type: String, required: true },
    project: { type: Schema.Types.ObjectId, required: true },
    list: { type: Schema.Types.ObjectId, default: null },
    number: Number,
    createdAt: { type: Date, required: true },
  },
  { collection: 'sample_sets', versionKey: false },
);
sampleSetSchema.index({ workspace: 1, list: 1, createdAt: -1 });
sampleSetSchema.index({ workspace: 1, project: 1 });
// The sweeper's question: sets without a list that are old.
sampleSetSchema.index({ list: 1, createdAt: 1 });

const contentSchema = new Schema({ sha256: String, size: Number, mediaType: String }, { _id: false });

export const sampleSchema = new Schema<SampleDocument>(
  {
    workspace: { type: String, required: true },
    project: { type: Schema.Types.ObjectId, required: true },
    set: { type: Schema.Types.ObjectId, required: true },
    position: { type: Number, required: true },
    source: { type: Schema.Types.ObjectId, required: true },
    width: { type: Number, required: true },
    height: { type: Number, required: true },
    content: { type: contentSchema, default: null },
  },
  { collection: 'samples', versionKey: false },
);
sampleSchema.index({ workspace: 1, set: 1, position: 1 });
sampleSchema.index({ workspace: 1, source: 1 });
sampleSchema.index(
  { workspace: 1, 'content.sha256': 1 },
  { partialFilterExpression: { 'content.sha256': { $exists: true } } },
);

export function toSample({ _id, project, source, width, height, content }: SampleDocument): Sample {
  return {
    imageId: (content ? _id : source).toHexString(),
    projectId: project.toHexString(),
    width,
    height,
    originalImageId: content ? source.toHexString() : null,
  };
}

/** A set of a list. */
export function toSampleSet({
  _id,
  list,
  number = 0,
  createdAt,
  count,
}: SampleSetDocument & { count: number }): SampleSet {
  return { id: _id.toHexString(), listId: list?.toHexString() ?? '', number, createdAt: createdAt.getTime(), count };
}
