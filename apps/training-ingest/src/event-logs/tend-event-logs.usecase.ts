import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { sweepUnknown, type BlobStore } from '@pentaprism/blob-store';
import { EVENT_IMAGES_AREA } from '@pentaprism/contracts';
import { systemNow } from '@pentaprism/domain';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { BLOB_STORE, Rounds } from '@pentaprism/service';
import { TRAINING_INGEST_CONFIG, type TrainingIngestConfig } from '../config/config.js';
import { CompactImages } from './compact-images.usecase.js';
import { EventImagesRepository } from './event-images.repository.js';
import { RemovedRunsRepository } from './removed-runs.repository.js';
import { UnusedBlobsRepository } from './unused-blobs.repository.js';

/** Milliseconds between removals of the records of runs. */
const ROUND_MS = 10_000;
/** Milliseconds between walks through the blobs. */
const SWEEP_MS = 600_000;
/** Runs that are removed in one round. */
const BATCH = 100;
/** Milliseconds that a blob stays at least. A pass stores its records within seconds after its blob. */
const LEAST_GRACE_MS = 120_000;
/** Times of grace after which the note about a blob is forgotten. */
const FORGET_AFTER = 10;

/** Removes what nothing shows any more: records of runs, and blobs that no event refers to. */
@Injectable()
export class TendEventLogs implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly rounds: Rounds;

  constructor(
    private readonly runs: RemovedRunsRepository,
    private readonly images: EventImagesRepository,
    private readonly unused: UnusedBlobsRepository,
    private readonly compaction: CompactImages,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    @Inject(TRAINING_INGEST_CONFIG) private readonly config: TrainingIngestConfig,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.rounds = new Rounds('event logs', logger);
  }

  onApplicationBootstrap(): void {
    this.rounds.every(ROUND_MS, () => this.removeRuns());
    this.rounds.every(SWEEP_MS, () => this.tendBlobs());
    this.rounds.once(ROUND_MS, () => this.tendBlobs());
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  /** Removes void events, and runs that were taken away or hidden before BLOB_GRACE. Public for tests. */
  async removeRuns(now = systemNow()): Promise<void> {
    while (!(await this.runs.removeVoidEvents())) if (this.rounds.stopped) return;
    const before = new Date(now - this.config.BLOB_GRACE * 1000);
    await this.runs.expireHidden(before);
    for (const run of await this.runs.findRemoved(before, BATCH)) {
      while (!(await this.runs.removeSome(run))) if (this.rounds.stopped) return;
    }
  }

  /**
   * Removes blobs that have been unused for BLOB_GRACE, and empties those that are mostly dead. Public for tests.
   *
   * @returns how many blobs were removed
   */
  async tendBlobs(now = systemNow()): Promise<number> {
    const grace = Math.max(this.config.BLOB_GRACE * 1000, LEAST_GRACE_MS);
    const before = new Date(now - grace);
    const stopped = () => this.rounds.stopped;
    const kept = (workspace: string, hashes: string[]) => this.#kept(workspace, hashes, new Date(now), before);
    const removed = await sweepUnknown(this.blobs, EVENT_IMAGES_AREA, before, kept, stopped);
    await this.unused.forget(new Date(now - FORGET_AFTER * grace));
    await this.compaction.compact(before, stopped);
    return removed;
  }

  /** Bytes that were in use a moment ago may be read now, and a backup may have copied the records that refer to them. */
  async #kept(workspace: string, hashes: string[], now: Date, before: Date): Promise<Set<string>> {
    const used = await this.images.liveBytes(workspace, hashes);
    const unused = hashes.filter((sha256) => !used.has(sha256));
    const old = await this.unused.note(workspace, [...used.keys()], unused, now, before);
    return new Set(hashes.filter((sha256) => !old.has(sha256)));
  }
}
