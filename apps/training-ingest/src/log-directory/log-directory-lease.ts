import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { asDomainError, isDuplicateKey, limited } from '@pentaprism/database';
import { trusted, type Model } from 'mongoose';
import { randomUUID } from 'node:crypto';
import { LOG_DIRECTORY_MODEL, type LogDirectoryDocument } from './log-directory.schema.js';

/** Milliseconds that a lease lasts. An attempt of another instance succeeds this long after the holder died. */
export const LEASE_MS = 9_000;
/** Milliseconds from one renewal to the next, and the most from one attempt of another instance to its next. */
export const RENEWAL_MS = 3_000;

/** What all instances share of a log directory. */
export type DirectoryState = Pick<LogDirectoryDocument, 'identity' | 'isHidden'>;

/**
 * The right to follow the log directory of a workspace, which one instance has at a time. It saves work, and nothing depends on it
 * for correctness, because a pass over a file is stored only if no other pass was stored before it.
 *
 * Times are `$$NOW` of MongoDB, so the clocks of the instances do not matter.
 */
@Injectable()
export class LogDirectoryLease {
  /** This instance. */
  private readonly holder = randomUUID();

  constructor(@InjectModel(LOG_DIRECTORY_MODEL) private readonly directories: Model<LogDirectoryDocument>) {}

  /**
   * Takes or renews the lease, for an instance that sees the directory.
   * @returns null if another instance has it
   * @throws DomainError UNAVAILABLE if the database does not answer
   */
  async take(workspace: string): Promise<DirectoryState | null> {
    // Not in the filter, because an upsert cannot have an expression there.
    const isMine = { $or: [{ $eq: ['$holder', this.holder] }, { $lte: ['$until', '$$NOW'] }] };
    const set = {
      holder: { $cond: [isMine, this.holder, '$holder'] },
      until: { $cond: [isMine, { $add: ['$$NOW', LEASE_MS] }, '$until'] },
      identity: { $ifNull: ['$identity', ''] },
      isHidden: { $ifNull: ['$isHidden', false] },
    };
    const options = { upsert: true, returnDocument: 'after', updatePipeline: true } as const;
    try {
      const taken = await limited(
        this.directories.findOneAndUpdate({ _id: workspace }, [{ $set: set }], options).lean(),
      );
      return taken?.holder === this.holder ? taken : null;
    } catch (error) {
      // Another instance has just inserted the document.
      if (isDuplicateKey(error)) return null;
      throw asDomainError(error);
    }
  }

  /**
   * Takes the lease of a directory whose runs are shown, for an instance that does not see it.
   *
   * @param freeForMs how long no instance must have had the lease
   * @returns whether this instance has it now
   * @throws DomainError UNAVAILABLE if the database does not answer
   */
  async takeUnseen(workspace: string, freeForMs: number): Promise<boolean> {
    const isFree = { $lte: ['$until', { $subtract: ['$$NOW', freeForMs] }] };
    const filter = { _id: workspace, isHidden: false, $expr: trusted(isFree) };
    return this.update(filter, { holder: this.holder, until: { $add: ['$$NOW', LEASE_MS] } });
  }

  /**
   * Notes what the holder has seen or done.
   * @returns false if another instance has the lease
   * @throws DomainError UNAVAILABLE if the database does not answer
   */
  async note(workspace: string, state: Partial<DirectoryState>): Promise<boolean> {
    const literals = Object.entries(state).map(([name, value]) => [name, { $literal: value }]);
    return this.update({ _id: workspace, holder: this.holder }, Object.fromEntries(literals) as object);
  }

  /**
   * Ends the lease of this instance now.
   * @throws DomainError UNAVAILABLE if the database does not answer
   */
  async release(workspace: string): Promise<void> {
    const isHeld = trusted({ $gt: ['$until', '$$NOW'] });
    await this.update({ _id: workspace, holder: this.holder, $expr: isHeld }, { until: '$$NOW' });
  }

  private async update(filter: object, set: object): Promise<boolean> {
    try {
      const updating = this.directories.updateOne(filter, [{ $set: set }], { updatePipeline: true });
      return (await limited(updating.exec())).matchedCount > 0;
    } catch (error) {
      throw asDomainError(error);
    }
  }
}
