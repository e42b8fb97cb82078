import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { trusted } from 'mongoose';
import { JobLedger } from './job-ledger.js';
import { JobQueue } from './job-queue.js';

/** Milliseconds between rounds. */
const ROUND_MS = 2000;
/** A job queued longer than this may have been lost by the queue: it is added again, which is free if it was not. */
export const REQUEUE_AFTER_MS = 10_000;
/** A running job without a sign of life for this long has lost its worker; heartbeats come every 5 s. */
export const LOST_AFTER_MS = 45_000;
const BATCH = 500;

/** Puts back what the queue lost: the ledger is the truth. */
@Injectable()
export class Reconciler implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> = Promise.resolve();

  constructor(
    private readonly ledger: JobLedger,
    private readonly queue: JobQueue,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    const next = () => {
      this.round = this.reconcile()
        .then(() => this.queue.measure())
        .catch((error: unknown) => this.logger.warn({ err: error }, 'jobs: reconciler'))
        .finally(() => (this.timer = setTimeout(next, ROUND_MS)));
    };
    this.timer = setTimeout(next, ROUND_MS);
  }

  async onModuleDestroy(): Promise<void> {
    clearTimeout(this.timer);
    await this.round;
    clearTimeout(this.timer);
  }

  /** One round; public for tests. Returns how many jobs were put back. */
  async reconcile(now = Date.now()): Promise<number> {
    const { jobs, owner } = this.ledger;
    await jobs.updateMany(
      { owner, state: 'running', heartbeatAt: trusted({ $lt: new Date(now - LOST_AFTER_MS) }) },
      { $set: { state: 'queued', enqueuedAt: new Date(0) } },
    );
    const stale = await jobs
      .find({ owner, state: 'queued', enqueuedAt: trusted({ $lt: new Date(now - REQUEUE_AFTER_MS) }) })
      .sort({ enqueuedAt: 1 })
      .limit(BATCH)
      .lean();
    if (stale.length === 0 || !(await this.queue.enqueue(...stale))) return 0;
    await jobs.updateMany(
      { _id: trusted({ $in: stale.map((job) => job._id) }), owner, state: 'queued' },
      { $set: { enqueuedAt: new Date(now) } },
    );
    return stale.length;
  }
}
