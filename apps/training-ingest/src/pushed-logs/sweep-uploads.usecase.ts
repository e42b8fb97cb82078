import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { sweepUnknown, type BlobStore } from '@pentaprism/blob-store';
import { EVENT_UPLOADS_AREA } from '@pentaprism/contracts';
import { systemNow } from '@pentaprism/domain';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { BLOB_STORE, Rounds } from '@pentaprism/service';

/** Milliseconds that a piece stays: far more than it takes to read the largest one. */
export const PIECE_GRACE_MS = 3600 * 1000;
const ROUND_MS = 600_000;
/** Milliseconds from the start to the first round. A process that was killed may have left pieces. */
const FIRST_ROUND_MS = 10_000;

/** Removes pieces of event files whose calls did not end. */
@Injectable()
export class SweepUploads implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly rounds: Rounds;

  constructor(
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.rounds = new Rounds('event uploads', logger);
  }

  onApplicationBootstrap(): void {
    this.rounds.every(ROUND_MS, () => this.sweep());
    this.rounds.once(FIRST_ROUND_MS, () => this.sweep());
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  /** Public for tests. @returns how many pieces were removed */
  sweep(now = systemNow()): Promise<number> {
    const before = new Date(now - PIECE_GRACE_MS);
    const noneKnown = () => Promise.resolve(new Set<string>());
    return sweepUnknown(this.blobs, EVENT_UPLOADS_AREA, before, noneKnown, () => this.rounds.stopped);
  }
}
