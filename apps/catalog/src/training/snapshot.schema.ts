import { Schema, type Types } from 'mongoose';
import { metadataSchema, tagSchema, type ImageDocument } from '../images/image.schema.js';

/** Which images a project had at one moment. */
export interface SnapshotDocument {
  /** Chosen by the caller that requests the snapshot. */
  _id: Types.ObjectId;
  workspace: string;
  project: Types.ObjectId;
  createdAt: Date;
  /** Attempts to copy the images that have not succeeded, or are not wanted any more. What they left is removed. */
  copies: Types.ObjectId[];
  /** There is no copy, or none any more. */
  incomplete?: true;
  /** The attempt that succeeded, and what it found. */
  copy?: Types.ObjectId;
  images?: number;
  revision?: string;
  /** No call finds it any more. */
  deletedAt?: Date;
}

/** An image as it was; whatever of it is not shown is left out. */
export interface SnapshotImageDocument extends Pick<
  ImageDocument,
  'workspace' | 'project' | 'number' | 'fileName' | 'createdAt' | 'createdSecond' | 'tags' | 'expiresAt' | 'metadata'
> {
  _id: Types.ObjectId;
  /** The attempt that it belongs to: the snapshot's `copy`, or one of its `copies`. */
  snapshot: Types.ObjectId;
  image: Types.ObjectId;
  sha256: string;
  tagged: boolean;
}

export const SNAPSHOT_MODEL = 'Snapshot';
export const SNAPSHOT_IMAGE_MODEL = 'SnapshotImage';

export const snapshotSchema = new Schema<SnapshotDocument>(
  {
    workspace: { type: String, required: true },
    project: { type: Schema.Types.ObjectId, required: true },
    createdAt: { type: Date, required: true },
    copies: { type: [Schema.Types.ObjectId], required: true },
    incomplete: Boolean,
    copy: Schema.Types.ObjectId,
    images: Number,
    revision: String,
    deletedAt: Date,
  },
  { collection: 'snapshots', versionKey: false },
);
snapshotSchema.index({ workspace: 1, project: 1 });
snapshotSchema.index({ copies: 1 });
snapshotSchema.index({ createdAt: 1 }, { partialFilterExpression: { incomplete: true } });

export const snapshotImageSchema = new Schema<SnapshotImageDocument>(
  {
    workspace: { type: String, required: true },
    project: { type: Schema.Types.ObjectId, required: true },
    snapshot: { type: Schema.Types.ObjectId, required: true },
    image: { type: Schema.Types.ObjectId, required: true },
    number: { type: Number, required: true },
    fileName: { type: String, default: '' },
    createdAt: { type: Date, required: true },
    createdSecond: { type: Number, required: true },
    sha256: { type: String, required: true },
    tags: { type: [tagSchema], default: [] },
    tagged: { type: Boolean, required: true },
    expiresAt: Date,
    metadata: { type: [metadataSchema], default: undefined },
  },
  { collection: 'snapshot_images', versionKey: false },
);
/** As those of the same names of images. */
export const SNAPSHOT_INDEXES = {
  content: { workspace: 1, sha256: 1 },
  decoded: { snapshot: 1, tagged: 1, createdSecond: -1, number: -1, expiresAt: 1 },
  tag: { snapshot: 1, 'tags.id': 1, createdSecond: -1, number: -1 },
} as const;
snapshotImageSchema.index({ snapshot: 1, image: 1 }, { unique: true });
snapshotImageSchema.index(SNAPSHOT_INDEXES.content);
snapshotImageSchema.index(SNAPSHOT_INDEXES.decoded);
snapshotImageSchema.index(SNAPSHOT_INDEXES.tag);
snapshotImageSchema.index({ expiresAt: 1 }, { partialFilterExpression: { expiresAt: { $type: 'date' } } });
