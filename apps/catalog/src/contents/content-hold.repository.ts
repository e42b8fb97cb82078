import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { isDuplicateKey } from '@pentaprism/database';
import { systemDate } from '@pentaprism/domain';
import type { ClientSession, Model } from 'mongoose';
import {
  CONTENT_HOLD_MODEL,
  HOLD_INDEXES,
  HOLDER_MODEL,
  type ContentHoldDocument,
  type HolderDocument,
} from './content-hold.schema.js';
import type { ContentHolder } from './content-references.js';

export type ContentHold = Pick<ContentHoldDocument, '_id' | 'sha256'>;

@Injectable()
export class ContentHoldRepository implements ContentHolder {
  constructor(
    @InjectModel(CONTENT_HOLD_MODEL) private readonly holds: Model<ContentHoldDocument>,
    @InjectModel(HOLDER_MODEL) private readonly holders: Model<HolderDocument>,
  ) {}

  /**
   * Notes that a holder is about to keep contents. Always a write, so that a release at the same moment conflicts with the
   * transaction. Returns false if the holder was released.
   */
  async enter(workspace: string, holder: string, session: ClientSession): Promise<boolean> {
    const entered = await this.holders.collection.findOneAndUpdate(
      { workspace, holder },
      { $inc: { revision: 1 }, $setOnInsert: { releasedAt: null } },
      { upsert: true, session, returnDocument: 'after', projection: { releasedAt: 1 } },
    );
    return entered?.['releasedAt'] === null;
  }

  /** Part of a transaction that `enter` began. Contents that the holder keeps already stay as they are. */
  async add(workspace: string, holder: string, hashes: readonly string[], session: ClientSession): Promise<void> {
    const held = await this.holds.collection
      .find({ workspace, holder, sha256: { $in: [...hashes] } }, { session, projection: { _id: 0, sha256: 1 } })
      .toArray();
    const known = new Set(held.map(({ sha256 }) => sha256 as string));
    const news = hashes.filter((sha256) => !known.has(sha256));
    if (news.length === 0) return;
    await this.holds.collection.insertMany(news.map((sha256) => ({ workspace, holder, sha256 })) as never, { session });
  }

  /** From now on `enter` returns false. Transactions that have entered before are committed first. */
  async close(workspace: string, holder: string): Promise<void> {
    try {
      await this.holders.collection.updateOne(
        { workspace, holder, releasedAt: null },
        { $set: { releasedAt: systemDate() }, $inc: { revision: 1 } },
        { upsert: true },
      );
    } catch (error) {
      // It was released before.
      if (!isDuplicateKey(error)) throw error;
    }
  }

  someOf(workspace: string, holder: string, limit: number): Promise<ContentHold[]> {
    return this.holds.collection
      .find<ContentHold>({ workspace, holder }, { projection: { sha256: 1 }, limit, hint: HOLD_INDEXES.holder })
      .toArray();
  }

  async remove(holds: readonly ContentHold[], session: ClientSession): Promise<void> {
    await this.holds.collection.deleteMany({ _id: { $in: holds.map(({ _id }) => _id) } }, { session });
  }

  /** Notes that nothing is left of what a released holder kept. Its record goes after a day. */
  async setEmptied(workspace: string, holder: string): Promise<void> {
    await this.holders.collection.updateOne(
      { workspace, holder, releasedAt: { $type: 'date' } },
      { $set: { emptiedAt: systemDate() } },
    );
  }

  /** Returns those of the contents that a holder keeps. */
  async referenced(workspace: string, hashes: readonly string[], session: ClientSession): Promise<string[]> {
    const held = await this.holds.collection
      .aggregate<{ _id: string }>(
        [{ $match: { workspace, sha256: { $in: [...hashes] } } }, { $group: { _id: '$sha256' } }],
        { session, hint: HOLD_INDEXES.content },
      )
      .toArray();
    return held.map(({ _id }) => _id);
  }
}
