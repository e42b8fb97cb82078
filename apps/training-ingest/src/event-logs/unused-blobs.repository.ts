import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { UNUSED_BLOB_MODEL, type UnusedBlobDocument } from './event-log.schema.js';

/** Notes since when no event refers to a blob, which is removed some time after that and not at once. */
@Injectable()
export class UnusedBlobsRepository {
  constructor(@InjectModel(UNUSED_BLOB_MODEL) private readonly unused: Model<UnusedBlobDocument>) {}

  /** Notes which of these blobs of a workspace are unused now. Returns those that were unused before a time, too. */
  async note(workspace: string, used: readonly string[], unused: readonly string[], now: Date, before: Date) {
    const ids = unused.map((sha256) => idOf(workspace, sha256));
    await this.unused.collection.deleteMany({ _id: { $in: used.map((sha256) => idOf(workspace, sha256)) as never[] } });
    if (ids.length === 0) return new Set<string>();
    await this.unused.collection.bulkWrite(
      ids.map((_id) => ({
        updateOne: { filter: { _id: _id as never }, update: { $setOnInsert: { since: now } }, upsert: true },
      })),
    );
    const old = await this.unused.collection
      .find<UnusedBlobDocument>({ _id: { $in: ids as never[] }, since: { $lt: before } })
      .toArray();
    const found = new Set(old.map(({ _id }) => _id));
    return new Set(unused.filter((sha256) => found.has(idOf(workspace, sha256))));
  }

  /** Forgets notes from before a time: their blobs were removed. A blob that is still there is noted again. */
  async forget(before: Date): Promise<void> {
    await this.unused.collection.deleteMany({ since: { $lt: before } });
  }
}

function idOf(workspace: string, sha256: string): string {
  return `${workspace}/${sha256}`;
}
