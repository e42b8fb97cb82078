import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { sweepUnknown, type BlobStore } from '@pentaprism/blob-store';
import { INSIGHTS_AREA } from '@pentaprism/contracts';
import { systemNow } from '@pentaprism/domain';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { BLOB_STORE, Rounds } from '@pentaprism/service';
import { ImageInsightRepository } from './image-insight.repository.js';
import { OverlayRepository } from './overlay.repository.js';

/** Milliseconds that files stay which no record refers to. The files of a job are recorded when it ends, which may take hours. */
export const INSIGHT_FILE_GRACE_MS = 12 * 3600 * 1000;
const ROUND_MS = 3600 * 1000;
/** Milliseconds until the first round, so that a service that starts again within the hour sweeps, too. */
const FIRST_ROUND_MS = 10_000;

/** Removes the files of insights that are gone, and of jobs that were given up. */
@Injectable()
export class SweepInsights implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly rounds: Rounds;

  constructor(
    private readonly insights: ImageInsightRepository,
    private readonly overlays: OverlayRepository,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.rounds = new Rounds('insight files', logger);
  }

  onApplicationBootstrap(): void {
    this.rounds.once(FIRST_ROUND_MS, () => this.sweep());
    this.rounds.every(ROUND_MS, () => this.sweep());
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  /** Returns how many files were removed. Public for tests. */
  sweep(now = systemNow()): Promise<number> {
    const known = async (workspace: string, hashes: string[]) =>
      new Set([...(await this.insights.known(workspace, hashes)), ...(await this.overlays.known(workspace, hashes))]);
    return sweepUnknown(
      this.blobs,
      INSIGHTS_AREA,
      new Date(now - INSIGHT_FILE_GRACE_MS),
      known,
      () => this.rounds.stopped,
    );
  }
}
