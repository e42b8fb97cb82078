import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { QueueName } from '@pentaprism/contracts';
import { systemNow } from '@pentaprism/domain';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { trusted } from 'mongoose';
import { JobLedger } from './job-ledger.js';
import { JobQueue } from './job-queue.js';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds between rounds. */
const ROUND_MS = 2000;
/** Milliseconds after which a queued job may have been lost by the queue. */
export const REQUEUE_AFTER_MS = 10_000;
/** A running job without a sign of life for this long has lost its worker; heartbeats come every 5 s. */
export const LOST_AFTER_MS = 45_000;
/** Milliseconds that a stop waits for a round. Without a database, a round takes many times as long. */
const STOP_LIMIT_MS = 1000;
const BATCH = 500;

/** Puts back what the queue lost, which shows in fewer tickets than queued jobs: the ledger is the truth. */
@Injectable()
export class Reconciler implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> = Promise.resolve();
  private stopped = false;

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
        .finally(() => {
          if (!this.stopped) this.timer = setTimeout(next, ROUND_MS);
        });
    };
    this.timer = setTimeout(next, ROUND_MS);
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await Promise.race([this.round, sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
  }

  /** One round; public for tests. Returns how many jobs were put back. */
  async reconcile(now = systemNow()): Promise<number> {
    const { jobs, owner } = this.ledger;
    await jobs.updateMany(
      { owner, state: 'running', heartbeatAt: trusted({ $lt: new Date(now - LOST_AFTER_MS) }) },
      { $set: { state: 'queued', enqueuedAt: new Date(0) }, $unset: { startedAt: 1 } },
    );
    let added = 0;
    for (const queue of this.queue.queues.keys()) added += await this.refill(queue, now);
    return added;
  }

  private async refill(queue: QueueName, now: number): Promise<number> {
    const { jobs, owner } = this.ledger;
    const queued = { owner, queue, state: 'queued' } as const;
    const stale = { ...queued, enqueuedAt: trusted({ $lt: new Date(now - REQUEUE_AFTER_MS) }) };
    if (!(await jobs.exists(stale))) return 0;
    const due = await jobs.countDocuments({ ...queued, enqueuedAt: trusted({ $lte: new Date(now) }) });
    const missing = Math.min(BATCH, due - (await this.queue.waiting(queue)));
    if (missing <= 0) return 0;
    const lost = await jobs.find(stale).sort({ enqueuedAt: 1 }).limit(missing).lean();
    // A new time makes new tickets: those of before may be held by workers, for other jobs.
    const enqueuedAt = new Date(now);
    await jobs.updateMany({ ...queued, _id: trusted({ $in: lost.map((job) => job._id) }) }, { $set: { enqueuedAt } });
    await this.queue.enqueue(...lost.map((job) => ({ ...job, enqueuedAt })));
    return lost.length;
  }
}
