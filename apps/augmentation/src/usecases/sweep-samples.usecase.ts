import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { sweepUnknown, type BlobStore } from '@pentaprism/blob-store';
import { Transactions } from '@pentaprism/database';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { BLOB_STORE } from '@pentaprism/service';
import { DeletedImageRepository } from '../adapters/mongo/deleted-image.repository.js';
import { SampleRepository } from '../adapters/mongo/sample.repository.js';

/** Milliseconds that samples live which are in no list, so that nobody could delete them. */
export const UNLISTED_SAMPLES_TTL_MS = 7 * 24 * 3600 * 1000;
/**
 * Milliseconds that bytes stay which no sample refers to. A worker stores them before it reports: far longer than one
 * attempt takes.
 */
export const SAMPLE_BLOB_GRACE_MS = 3600 * 1000;
/** Milliseconds between rounds over the records. */
const ROUND_MS = 60_000;
/** Milliseconds between looks at the blob store, which walk through all of its samples. */
const BLOB_ROUND_MS = 3600 * 1000;
const BATCH = 100;

/** Removes what is over: expired sets, samples of images that were deleted meanwhile, bytes that nothing refers to. */
@Injectable()
export class SweepSamples implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly timers: NodeJS.Timeout[] = [];
  private running: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly samples: SampleRepository,
    private readonly deletedImages: DeletedImageRepository,
    private readonly transactions: Transactions,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    const records = () => this.run('records', () => this.sweepRecords());
    const bytes = () => this.run('bytes', () => this.sweepBlobs());
    this.timers.push(setInterval(records, ROUND_MS), setInterval(bytes, BLOB_ROUND_MS), setTimeout(bytes, ROUND_MS));
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    await this.running;
  }

  /** Public for tests. */
  async sweepRecords(now = Date.now()): Promise<void> {
    const expired = await this.samples.expired(new Date(now - UNLISTED_SAMPLES_TTL_MS), BATCH);
    for (const { workspace, _id } of expired)
      await this.transactions.run((session) => this.samples.removeSets(workspace, [_id], session));
    // A job's transaction that began before an image was noted as deleted, and ended after its samples were removed.
    for (const { workspace, _id } of await this.deletedImages.since(new Date(now - 3 * ROUND_MS)))
      await this.samples.removeOfSource(workspace, _id);
  }

  /** Public for tests. @returns how many blobs were removed */
  sweepBlobs(now = Date.now()): Promise<number> {
    return sweepUnknown(
      this.blobs,
      'samples',
      new Date(now - SAMPLE_BLOB_GRACE_MS),
      (workspace, hashes) => this.samples.known(workspace, hashes),
      () => this.stopped,
    );
  }

  private run(what: string, work: () => Promise<unknown>): void {
    this.running = this.running
      .then(work)
      .then(() => undefined)
      .catch((error: unknown) =>
        this.logger.warn({ err: error, what }, 'samples: the sweep failed, the next round tries again'),
      );
  }
}
