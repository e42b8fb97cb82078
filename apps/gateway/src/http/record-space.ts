import { statfs } from 'node:fs/promises';
import { DomainError, type Role } from '@pentaprism/domain';
import { metrics } from '@pentaprism/observability';

/** Milliseconds for which one look at the free space is used. */
const LOOK_MS = 500;

export interface RecordSpaceSettings {
  /** A directory on the file system of MongoDB's data; undefined where MongoDB runs elsewhere, and nothing is checked. */
  readonly RECORDS_DIRECTORY?: string | undefined;
  /** Free bytes below which nothing new is recorded; 0 for no floor. */
  readonly RECORDS_MIN_FREE: number;
}

/**
 * Refuses requests that add records while the disk of MongoDB is nearly full: mongod ends itself when it cannot write. Reads
 * and deletions go on, and need the space between this floor and none.
 */
export class RecordSpace {
  private looked = Number.NEGATIVE_INFINITY;
  private low = false;

  constructor(private readonly settings: RecordSpaceSettings) {}

  /** @throws DomainError STORAGE_FULL for a request that adds or changes records while there is too little space */
  async require(method: string, required: Role): Promise<void> {
    if (required === 'reader' || method === 'DELETE') return;
    if (await this.isLow()) throw new DomainError('STORAGE_FULL', 'There is too little free space to record anything.');
  }

  async isLow(): Promise<boolean> {
    const { RECORDS_DIRECTORY: directory, RECORDS_MIN_FREE: floor } = this.settings;
    if (directory === undefined || floor === 0) return false;
    const now = performance.now();
    if (now - this.looked < LOOK_MS) return this.low;
    this.looked = now;
    try {
      const { bavail, bsize } = await statfs(directory);
      this.low = bavail * bsize < floor;
    } catch {
      // Whether MongoDB itself works is told by its service.
      this.low = false;
    }
    metrics.storageLow.set({ store: 'records' }, this.low ? 1 : 0);
    return this.low;
  }
}
