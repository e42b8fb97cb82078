import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { BlobKey } from '@pentaprism/blob-store';
import { Schema, trusted, type Model } from 'mongoose';

/** How far the scrub of the blob store is: one document for the whole installation. */
export interface ScrubDocument {
  _id: string;
  /** Which process scrubs, until when unless it goes on. */
  holder: string;
  heldUntil: Date;
  /** What is being checked: a place in the list of steps, and the last thing in it that was checked. */
  step: number;
  after: string | null;
  /** Blobs that this pass has checked, and what it has found. */
  checked: number;
  damaged: number;
  missing: number;
  /** Analyses that were begun to make damaged and missing pictures again. */
  remade: number;
  /** The first blobs that this pass has found damaged or missing. */
  findings: ScrubFinding[];
  startedAt: Date;
  /** The end of the last whole pass. */
  finishedAt: Date | null;
}

export interface ScrubFinding extends BlobKey {
  fault: 'damaged' | 'missing';
}

export type ScrubProgress = Omit<ScrubDocument, '_id' | 'holder' | 'heldUntil' | 'finishedAt'>;

/** The progress of a pass that begins. */
export function newPass(startedAt: Date): ScrubProgress {
  return { step: 0, after: null, checked: 0, damaged: 0, missing: 0, remade: 0, findings: [], startedAt };
}

export const SCRUB_MODEL = 'BlobScrub';
const ID = 'blobs';
const DUPLICATE_KEY = 11000;

export const scrubSchema = new Schema<ScrubDocument>(
  {
    _id: String,
    holder: String,
    heldUntil: Date,
    step: { type: Number, default: 0 },
    after: { type: String, default: null },
    checked: { type: Number, default: 0 },
    damaged: { type: Number, default: 0 },
    missing: { type: Number, default: 0 },
    remade: { type: Number, default: 0 },
    findings: { type: [{ _id: false, area: String, workspace: String, sha256: String, fault: String }], default: [] },
    startedAt: Date,
    finishedAt: { type: Date, default: null },
  },
  { collection: 'blob_scrubs', versionKey: false },
);

@Injectable()
export class ScrubRepository {
  constructor(@InjectModel(SCRUB_MODEL) private readonly scrubs: Model<ScrubDocument>) {}

  /** Takes or keeps the right to scrub. Null while another process has it. */
  async claim(holder: string, now: Date, heldUntil: Date): Promise<ScrubDocument | null> {
    const free = { _id: ID, $or: [{ holder }, { heldUntil: trusted({ $lt: now }) }] };
    const fresh = { ...newPass(now), finishedAt: null };
    try {
      const update = { $set: { holder, heldUntil }, $setOnInsert: fresh };
      return await this.scrubs.findOneAndUpdate(free, update, { upsert: true, returnDocument: 'after' }).lean();
    } catch (error) {
      if ((error as { code?: unknown }).code === DUPLICATE_KEY) return null;
      throw error;
    }
  }

  /** Notes how far the holder is. Returns false if another process has taken over. */
  async save(holder: string, progress: ScrubProgress, heldUntil: Date): Promise<boolean> {
    const { matchedCount } = await this.scrubs.updateOne({ _id: ID, holder }, { $set: { ...progress, heldUntil } });
    return matchedCount === 1;
  }

  /** Notes the end of a pass; the next one begins at the beginning. */
  async finish(holder: string, progress: ScrubProgress, now: Date): Promise<void> {
    await this.scrubs.updateOne({ _id: ID, holder }, { $set: { ...progress, finishedAt: now } });
  }
}
