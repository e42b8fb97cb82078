import type { ImageQuality } from '@pentaprism/domain';
import { Schema, type Types } from 'mongoose';

/** A smaller picture that was made of an image. */
export interface DerivedPictureDocument {
  sha256: string;
  size: number;
  width: number;
  height: number;
  mediaType: string;
}

/** What was learnt from bytes; once per workspace, however many images point to them. */
export interface ContentDocument {
  _id: Types.ObjectId;
  workspace: string;
  sha256: string;
  size: number;
  /** By magic bytes; the decoder's word once it has spoken. */
  mediaType: string;
  /** `unseen`: nobody has needed its pixels so far. */
  state: 'unseen' | 'pending' | 'decoded' | 'undecodable';
  /** Why it is undecodable, in a sentence and in the decoder's word; contents of earlier versions lack the word. */
  reason?: string;
  code?: string;
  format?: string;
  width?: number;
  height?: number;
  orientation?: number;
  colorSpace?: string;
  channels?: number;
  bitDepth?: number;
  hasAlpha?: boolean;
  pages?: number;
  perceptualHash?: string;
  /** Null: it is not computed for such images. Absent: the content was analysed by an earlier version. */
  pixelDigest?: string | null;
  thumbnail?: DerivedPictureDocument;
  /** Null or absent: the picture is small enough itself, or was analysed by an earlier version. */
  resized?: DerivedPictureDocument | null;
  /** Absent: it was analysed by an earlier version. */
  quality?: ImageQuality;
  createdAt: Date;
  /**
   * Since when no image points here; null while one does. In the future: nobody but those points here who wait for what
   * is in the bytes, until then.
   */
  orphanedAt: Date | null;
  /** Orphans that were to live for a while only do not wait as long as others until they are removed. */
  transient?: boolean;
  /** Raised by transactions that read this record and must not run beside one another. */
  revision: number;
}

export const CONTENT_MODEL = 'Content';

const derivedPictureSchema = new Schema(
  { sha256: String, size: Number, width: Number, height: Number, mediaType: String },
  { _id: false },
);

const qualitySchema = new Schema<ImageQuality>(
  { sharpness: Number, shadows: Number, highlights: Number, contrast: Number, entropy: Number },
  { _id: false },
);

export const contentSchema = new Schema<ContentDocument>(
  {
    workspace: { type: String, required: true },
    sha256: { type: String, required: true },
    size: { type: Number, required: true },
    mediaType: { type: String, required: true },
    state: { type: String, required: true },
    reason: String,
    code: String,
    format: String,
    width: Number,
    height: Number,
    orientation: Number,
    colorSpace: String,
    channels: Number,
    bitDepth: Number,
    hasAlpha: Boolean,
    pages: Number,
    perceptualHash: String,
    pixelDigest: String,
    thumbnail: derivedPictureSchema,
    resized: derivedPictureSchema,
    quality: qualitySchema,
    createdAt: { type: Date, required: true },
    orphanedAt: { type: Date, default: null },
    transient: Boolean,
    revision: { type: Number, default: 0 },
  },
  { collection: 'contents', versionKey: false },
);
contentSchema.index({ workspace: 1, sha256: 1 }, { unique: true });
contentSchema.index({ orphanedAt: 1 }, { partialFilterExpression: { orphanedAt: { $type: 'date' } } });
/** Where pictures that were made of contents are: fields of a content, in the blob store's area `thumbnails`. */
export const DERIVED_PICTURES = ['thumbnail', 'resized'] as const;
for (const field of DERIVED_PICTURES)
  contentSchema.index(
    { workspace: 1, [`${field}.sha256`]: 1 },
    { partialFilterExpression: { [`${field}.sha256`]: { $exists: true } } },
  );
