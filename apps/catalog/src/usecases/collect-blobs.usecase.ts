import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { sweepUnknown, type BlobKey, type BlobStore } from '@pentaprism/blob-store';
import { Transactions } from '@pentaprism/database';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { BLOB_STORE } from '@pentaprism/service';
import { ContentRepository, type ContentDocument } from '../adapters/mongo/content.repository.js';
import { ImageRepository } from '../adapters/mongo/image.repository.js';
import { CATALOG_CONFIG, TRANSIENT_BLOB_GRACE, type CatalogConfig } from '../config.js';

/** Milliseconds between rounds that remove orphans. */
const ROUND_MS = 15_000;
/** Milliseconds between looks at the whole store, for bytes that no record ever knew. */
const SWEEP_MS = 3600 * 1000;
/** Temporary files of uploads that were cut off; an upload that is still going on writes to its file. */
const TEMPORARY_AGE_MS = 3600 * 1000;
/**
 * Bytes without any record are only removed when they are this old: an upload between its file and its transaction
 * is seconds old, and an operator who started with the wrong database has a day to notice.
 */
const UNKNOWN_AGE_MS = 24 * 3600 * 1000;
const BATCH = 100;

/** Removes bytes that nothing points to: marked in a transaction, left alone for a while, looked at again, removed. */
@Injectable()
export class CollectBlobs implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly timers: NodeJS.Timeout[] = [];
  private running: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly contents: ContentRepository,
    private readonly images: ImageRepository,
    private readonly transactions: Transactions,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    @Inject(CATALOG_CONFIG) private readonly config: CatalogConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    const orphans = () => this.run('orphans', () => this.collectOrphans());
    const sweep = () => this.run('sweep', () => this.sweep());
    this.timers.push(setInterval(orphans, ROUND_MS), setInterval(sweep, SWEEP_MS), setTimeout(sweep, ROUND_MS));
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    await this.running;
  }

  /** @returns how many contents were removed; public for tests */
  async collectOrphans(now = Date.now()): Promise<number> {
    const before = new Date(now - this.config.BLOB_GRACE * 1000);
    const transientBefore = new Date(now - TRANSIENT_BLOB_GRACE * 1000);
    let removed = 0;
    for (;;) {
      const orphans = await this.contents.findOrphans({ before, transientBefore }, BATCH);
      const earlier = removed;
      for (const orphan of orphans) {
        // What is left waits for the next start: a stop must not take as long as a large deletion.
        if (this.stopped) return removed;
        if (await this.removeOrphan(orphan, orphan.transient ? transientBefore : before)) removed++;
      }
      // Those whose bytes are too fresh are found again: they wait for the next round.
      if (orphans.length < BATCH || removed === earlier) return removed;
    }
  }

  async sweep(now = Date.now()): Promise<void> {
    await this.blobs.sweepTemporary(new Date(now - TEMPORARY_AGE_MS));
    const before = new Date(now - UNKNOWN_AGE_MS);
    const { blobs, contents } = this;
    const stopped = () => this.stopped;
    await sweepUnknown(blobs, 'originals', before, (workspace, hashes) => contents.known(workspace, hashes), stopped);
    const knownThumbnails = (workspace: string, hashes: string[]) => contents.knownThumbnails(workspace, hashes);
    await sweepUnknown(blobs, 'thumbnails', before, knownThumbnails, stopped);
  }

  /**
   * The bytes first and their record last: a process that dies in between finds the record again. Bytes that were put
   * again meanwhile are fresh, and stay with their record for another round.
   */
  private async removeOrphan(orphan: ContentDocument, before: Date): Promise<boolean> {
    const { workspace, sha256, thumbnail } = orphan;
    // A new image with these bytes takes the mark from the same record, so one of the two transactions is run again.
    const claimed = await this.transactions.run(async (session) => {
      if (!(await this.images.refersTo(workspace, sha256, session))) return this.contents.claimOrphan(orphan, session);
      // It was added while the last one before it was deleted, and did not see the mark yet.
      await this.contents.adopt(orphan, session);
      return null;
    });
    if (!claimed) return false;
    if (!(await this.removeBlob({ area: 'originals', workspace, sha256 }, before))) return false;
    // Different files of one picture can share a thumbnail.
    if (thumbnail && !(await this.contents.hasThumbnailBeside(workspace, thumbnail.sha256, sha256))) {
      const key = { area: 'thumbnails', workspace, sha256: thumbnail.sha256 };
      if (!(await this.removeBlob(key, before))) return false;
    }
    // An image that came since then has put the bytes again, and has changed the record.
    return this.contents.removeOrphan(claimed);
  }

  /** @returns whether it is gone */
  private async removeBlob(key: BlobKey, before: Date): Promise<boolean> {
    return (await this.blobs.removeIfUnusedSince(key, before)) || (await this.blobs.stat(key)) === null;
  }

  private run(what: string, work: () => Promise<unknown>): void {
    this.running = this.running
      .then(work)
      .then(() => undefined)
      .catch((error: unknown) =>
        this.logger.warn({ err: error, what }, 'blobs: collection failed, the next round tries again'),
      );
  }
}
