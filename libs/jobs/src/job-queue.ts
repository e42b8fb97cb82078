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

/** Puts ledger entries on their BullMQ queues. Adding one that is there already changes nothing. */
@Injectable()
export class JobQueue implements OnApplicationShutdown {
  constructor(
    @Inject(JOB_QUEUES) private readonly queues: ReadonlyMap<QueueName, Queue>,
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

  /** Takes an aborted job from the queue, as far as it is still there. */
  async remove(job: JobDocument): Promise<void> {
    const queue = this.queues.get(job.queue);
    // A worker that takes it all the same learns from the ledger that it is over.
    if (queue) await ask(queue, () => queue.remove(job._id.toHexString())).catch(() => undefined);
  }

  /** Counts what is in the queues, for the metrics. @throws Error when Valkey does not answer */
  async measure(): Promise<void> {
    for (const [name, queue] of this.queues) {
      const counts = await ask(queue, () => queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized'));
      for (const [state, count] of Object.entries(counts)) metrics.queueJobs.set({ queue: name, state }, count);
    }
  }

  async onApplicationShutdown(): Promise<void> {
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

function toBullJob(job: JobDocument) {
  return {
    name: job.type,
    data: { jobId: job._id.toHexString(), owner: job.owner },
    opts: {
      // The ledger's id: the same job is never twice in the queue.
      jobId: job._id.toHexString(),
      delay: Math.max(0, job.notBefore.getTime() - Date.now()),
      priority: job.priority,
      // Nothing stays in the queue: the ledger remembers, and the id must be free for another round.
      removeOnComplete: true,
      removeOnFail: true,
      attempts: 1,
    },
  };
}
