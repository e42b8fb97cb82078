import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { LOGGER, metrics, type Logger } from '@pentaprism/observability';
import type { QueueName } from '@pentaprism/contracts';
import type { Queue } from 'bullmq';
import type { JobDocument } from './job.schema.js';

export const JOB_QUEUES = Symbol('JobQueues');

/** Milliseconds, the longest between two attempts to reach a Valkey that is away. */
const RECONNECT_MS = 1000;

/**
 * BullMQ would wait longer with each attempt, up to 20 s: after an outage of 20 s, nothing would work for as long again.
 * An attempt costs one packet on each of a dozen connections.
 */
const retryStrategy = (attempt: number) => Math.min(50 * 2 ** attempt, RECONNECT_MS);

/** Producers fail fast: a request does not wait for Valkey, the ledger has the job already. */
export const PRODUCER_CONNECTION = { maxRetriesPerRequest: 1, enableOfflineQueue: false, retryStrategy } as const;

/** Workers wait for ever for a Valkey that is away. */
export const WORKER_CONNECTION = { maxRetriesPerRequest: null, retryStrategy } as const;

/** Milliseconds that a request waits for Valkey. */
const ANSWER_LIMIT_MS = 1000;

/**
 * Puts a ticket for each ledger entry on its BullMQ queue. A ticket lets a worker start the one job whose turn it is. So
 * there must be at least as many as queued jobs, and more do no harm. Adding an existing ticket changes nothing.
 */
@Injectable()
export class JobQueue implements OnApplicationShutdown {
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(
    @Inject(JOB_QUEUES) readonly queues: ReadonlyMap<QueueName, Queue>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    for (const queue of queues.values())
      queue.on('error', (error) => this.logger.warn({ err: error }, 'jobs: queue connection'));
  }

  /** Never throws: what the queue does not take now, the reconciler puts there later. */
  async enqueue(...jobs: readonly JobDocument[]): Promise<boolean> {
    try {
      for (const [name, queue] of this.queues) {
        const mine = jobs.filter((job) => job.queue === name);
        if (mine.length > 0) await ask(queue, () => queue.addBulk(mine.map(toBullJob)));
      }
      return true;
    } catch (error) {
      this.logger.warn({ err: error, jobs: jobs.length }, 'jobs: not queued now, the reconciler will');
      return false;
    }
  }

  /** Enqueues a job that failed when its back-off is over. If this process ends before, the reconciler does it. */
  enqueueLater(job: JobDocument, milliseconds: number): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      void this.enqueue(job);
    }, milliseconds);
    this.timers.add(timer.unref());
  }

  /** Removes the ticket of a job that was aborted while it was queued, if the ticket is still there. */
  async remove(job: JobDocument): Promise<void> {
    const queue = this.queues.get(job.queue);
    // A ticket too many starts nothing.
    if (queue) await ask(queue, () => queue.remove(ticketOf(job))).catch(() => undefined);
  }

  /** Returns how many tickets wait in a queue. @throws Error when Valkey does not answer */
  async waiting(name: QueueName): Promise<number> {
    const queue = this.queues.get(name);
    return queue ? ask(queue, () => queue.getJobCountByTypes('waiting', 'prioritized')) : 0;
  }

  /** Counts what is in the queues, for the metrics. @throws Error when Valkey does not answer */
  async measure(): Promise<void> {
    for (const [name, queue] of this.queues) {
      const counts = await ask(queue, () => queue.getJobCounts('waiting', 'active'));
      for (const [state, count] of Object.entries(counts)) metrics.queueJobs.set({ queue: name, state }, count);
    }
  }

  /** Forgets the jobs that `enqueueLater` would enqueue. The reconciler enqueues them instead. */
  cancelLater(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  async onApplicationShutdown(): Promise<void> {
    this.cancelLater();
    await Promise.allSettled([...this.queues.values()].map((queue) => queue.close()));
  }
}

/**
 * Asks only a queue that is connected, and not for long: BullMQ waits for ever for its first connection, whatever the
 * options of the connection say.
 */
async function ask<T>(queue: Queue, question: () => Promise<T>): Promise<T> {
  await within(ANSWER_LIMIT_MS, queue.waitUntilReady());
  return within(ANSWER_LIMIT_MS, question());
}

async function within<T>(milliseconds: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('Valkey does not answer')), milliseconds);
  });
  return Promise.race([answer, limit]).finally(() => clearTimeout(timer));
}

/** Of a job that is queued since then: its ticket of an earlier time may be in use for another job. */
function ticketOf(job: JobDocument): string {
  return `${job._id.toHexString()}-${job.enqueuedAt.getTime()}`;
}

function toBullJob(job: JobDocument) {
  return {
    name: job.type,
    data: { jobId: job._id.toHexString(), owner: job.owner },
    opts: {
      jobId: ticketOf(job),
      // Nothing stays in the queue: the ledger remembers.
      removeOnComplete: true,
      removeOnFail: true,
      attempts: 1,
    },
  };
}
