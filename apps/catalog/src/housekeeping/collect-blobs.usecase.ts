import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { sweepUnknown, type BlobKey, type BlobStore } from '@pentaprism/blob-store';
import { contentRemoved } from '@pentaprism/contracts';
import { Outbox, Transactions } from '@pentaprism/database';
import { systemNow } from '@pentaprism/domain';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { BLOB_STORE, Rounds } from '@pentaprism/service';
import { ContentRepository, derivedOf } from '../contents/content.repository.js';
import type { ContentDocument } from '../contents/content.schema.js';
import { CATALOG_CONFIG, TRANSIENT_BLOB_GRACE, type CatalogConfig } from '../config/config.js';
import { ContentReferences } from '../contents/content-references.js';

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
  private readonly rounds: Rounds;

  constructor(
    private readonly contents: ContentRepository,
    private readonly references: ContentReferences,
    private readonly transactions: Transactions,
    private readonly outbox: Outbox,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    @Inject(CATALOG_CONFIG) private readonly config: CatalogConfig,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.rounds = new Rounds('blobs', logger);
  }

  onApplicationBootstrap(): void {
    this.rounds.every(ROUND_MS, () => this.collectOrphans());
    this.rounds.every(SWEEP_MS, () => this.sweep());
    this.rounds.once(ROUND_MS, () => this.sweep());
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  /** @returns how many contents were removed; public for tests */
  async collectOrphans(now = systemNow()): Promise<number> {
    const before = new Date(now - this.config.BLOB_GRACE * 1000);
    const transientBefore = new Date(now - TRANSIENT_BLOB_GRACE * 1000);
    let removed = 0;
    for (;;) {
      const orphans = await this.contents.findOrphans({ before, transientBefore }, BATCH);
      const earlier = removed;
      for (const orphan of orphans) {
        // What is left waits for the next start: a stop must not take as long as a large deletion.
        if (this.rounds.stopped) return removed;
        if (await this.removeOrphan(orphan, orphan.transient ? transientBefore : before)) removed++;
      }
      // Those whose bytes are too fresh are found again: they wait for the next round.
      if (orphans.length < BATCH || removed === earlier) return removed;
    }
  }

  async sweep(now = systemNow()): Promise<void> {
    await this.blobs.sweepTemporary(new Date(now - TEMPORARY_AGE_MS));
    const before = new Date(now - UNKNOWN_AGE_MS);
    const { blobs, contents } = this;
    const stopped = () => this.rounds.stopped;
    await sweepUnknown(blobs, 'originals', before, (workspace, hashes) => contents.known(workspace, hashes), stopped);
    const knownDerived = (workspace: string, hashes: string[]) => contents.knownDerived(workspace, hashes);
    await sweepUnknown(blobs, 'thumbnails', before, knownDerived, stopped);
  }

  /**
   * The bytes first and their record last: a process that dies in between finds the record again. Bytes that were put
   * again meanwhile are fresh, and stay with their record for another round.
   */
  private async removeOrphan(orphan: ContentDocument, before: Date): Promise<boolean> {
    const { workspace, sha256 } = orphan;
    // A new image with these bytes takes the mark from the same record, so one of the two transactions is run again.
    const claimed = await this.transactions.run(async (session) => {
      const referenced = await this.references.referenced(workspace, [sha256], session);
      if (referenced.size === 0) return this.contents.claimOrphan(orphan, session);
      // An image was added, or copied into a snapshot, while the last one before it was deleted: it did not see the mark.
      await this.contents.adopt(orphan, session);
      return null;
    });
    if (!claimed) return false;
    if (!(await this.removeBlob({ area: 'originals', workspace, sha256 }, before))) return false;
    for (const derived of derivedOf(claimed)) {
      // Different files of one picture can share what was made of them.
      if (await this.contents.hasDerivedBeside(workspace, derived, sha256)) continue;
      if (!(await this.removeBlob({ area: 'thumbnails', workspace, sha256: derived }, before))) return false;
    }
    return this.removeRecord(claimed);
  }

  /** An image that came since the record was claimed has put the bytes again, and has changed the record, which stays. */
  private async removeRecord(claimed: ContentDocument): Promise<boolean> {
    const { workspace, sha256 } = claimed;
    const isRemoved = await this.transactions.run(async (session) => {
      if (!(await this.contents.removeOrphan(claimed, session))) return false;
      await this.outbox.add(session, contentRemoved, { sha256 }, workspace);
      return true;
    });
    if (isRemoved) this.outbox.flush();
    return isRemoved;
  }

  /** @returns whether it is gone */
  private async removeBlob(key: BlobKey, before: Date): Promise<boolean> {
    return (await this.blobs.removeIfUnusedSince(key, before)) || (await this.blobs.stat(key)) === null;
  }
}
