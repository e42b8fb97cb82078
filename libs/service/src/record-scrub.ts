import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { BlobKey, BlobStore } from '@pentaprism/blob-store';
import { metrics, type Logger } from '@pentaprism/observability';
import { setTimeout as sleep } from 'node:timers/promises';
import { Rounds } from './rounds.js';

/** Milliseconds between two looks whether it is time for a pass. */
const ROUND_MS = 5000;
/** Milliseconds between two records: one look takes a tenth of that. */
const PAUSE_MS = 2;
const BATCH = 100;

/** A record of a service, and the blobs that it refers to. */
export interface BlobRecord {
  readonly id: string;
  readonly keys: readonly BlobKey[];
}

export interface RecordScrubOptions {
  /** What is looked for, in logs and metrics: the area of the blobs. */
  readonly area: string;
  readonly blobs: Pick<BlobStore, 'stat'>;
  readonly logger: Logger;
  /** 0 switches the scrub off. */
  readonly BLOB_SCRUB_RATE: number;
  readonly BLOB_SCRUB_PAUSE: number;
  /** Records of all workspaces in the order of their ids, behind one of them. */
  readonly recordsAfter: (id: string | null, limit: number) => Promise<BlobRecord[]>;
  /** Whether the record still refers to the blob: it may have been removed since it was read. */
  readonly isReferred: (record: BlobRecord, key: BlobKey) => Promise<boolean>;
}

/**
 * Looks again and again, slowly, whether the blobs are there that the records of a service refer to. Missing ones are
 * logged and counted. Whether bytes are right is the business of the catalog's scrub, which reads all of them.
 */
export class RecordScrub implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly rounds: Rounds;
  private endedAt = Number.NEGATIVE_INFINITY;
  /** The position in the pass that is under way, and what it has found: after an error, the next round continues there. */
  private last: string | null = null;
  private found = { checked: 0, missing: 0 };

  constructor(private readonly options: RecordScrubOptions) {
    this.rounds = new Rounds(`scrub of ${options.area}`, options.logger);
  }

  onApplicationBootstrap(): void {
    const { BLOB_SCRUB_RATE: rate, BLOB_SCRUB_PAUSE: seconds } = this.options;
    if (rate === 0) return;
    this.rounds.every(ROUND_MS, async () => {
      if (performance.now() - this.endedAt >= seconds * 1000) await this.pass();
    });
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  /**
   * Continues the pass that an error has interrupted, or begins one; public for tests.
   * @returns how many blobs were looked for, and how many are missing
   */
  async pass(): Promise<{ checked: number; missing: number }> {
    const { area, logger } = this.options;
    for (;;) {
      const records: BlobRecord[] = await this.options.recordsAfter(this.last, BATCH);
      for (const record of records) {
        if (this.rounds.stopped) return this.found;
        await this.check(record);
        this.last = record.id;
        await sleep(PAUSE_MS, undefined, { ref: false });
      }
      if (records.length < BATCH) break;
    }
    const { found } = this;
    this.endedAt = performance.now();
    this.last = null;
    this.found = { checked: 0, missing: 0 };
    metrics.scrubFound.set({ fault: 'missing' }, found.missing);
    logger[found.missing > 0 ? 'error' : 'info']({ area, ...found }, 'blobs: all records were checked');
    return found;
  }

  /** Counts a record as a whole, because it is checked again if one of its looks fails. */
  private async check(record: BlobRecord): Promise<void> {
    let missing = 0;
    for (const key of record.keys) {
      metrics.scrubbedRecords.inc({ area: key.area });
      if (await this.options.blobs.stat(key)) continue;
      if (!(await this.options.isReferred(record, key))) continue;
      missing += 1;
      metrics.blobsDamaged.inc({ area: key.area, fault: 'missing', outcome: 'refused' });
      this.options.logger.error({ ...key, record: record.id }, 'blobs: stored bytes are missing');
    }
    this.found.checked += record.keys.length;
    this.found.missing += missing;
  }
}
