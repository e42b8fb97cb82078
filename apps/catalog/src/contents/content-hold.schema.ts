import { Schema, type Types } from 'mongoose';

/** A content that a holder keeps. */
export interface ContentHoldDocument {
  _id: Types.ObjectId;
  workspace: string;
  holder: string;
  sha256: string;
}

/** Something outside of the catalog that keeps contents, such as a dataset. */
export interface HolderDocument {
  _id: Types.ObjectId;
  workspace: string;
  /** `dataset/` and its id. */
  holder: string;
  /** From then on it can hold nothing more. */
  releasedAt: Date | null;
  /** When nothing was left of what it held. */
  emptiedAt?: Date;
  /** Raised by transactions that must not run beside a release. */
  revision: number;
}

export const CONTENT_HOLD_MODEL = 'ContentHold';
export const HOLDER_MODEL = 'ContentHolder';

/** Seconds that the record of a released holder is kept: longer than a call takes to arrive that was sent before. */
const RELEASED_SECONDS = 24 * 3600;

export const contentHoldSchema = new Schema<ContentHoldDocument>(
  {
    workspace: { type: String, required: true },
    holder: { type: String, required: true },
    sha256: { type: String, required: true },
  },
  { collection: 'content_holds', versionKey: false },
);
export const HOLD_INDEXES = {
  holder: { workspace: 1, holder: 1, sha256: 1 },
  content: { workspace: 1, sha256: 1 },
} as const;
contentHoldSchema.index(HOLD_INDEXES.holder, { unique: true });
contentHoldSchema.index(HOLD_INDEXES.content);

export const holderSchema = new Schema<HolderDocument>(
  {
    workspace: { type: String, required: true },
    holder: { type: String, required: true },
    releasedAt: { type: Date, default: null },
    emptiedAt: Date,
    revision: { type: Number, default: 0 },
  },
  { collection: 'content_holders', versionKey: false },
);
holderSchema.index({ workspace: 1, holder: 1 }, { unique: true });
holderSchema.index({ emptiedAt: 1 }, { expireAfterSeconds: RELEASED_SECONDS });
