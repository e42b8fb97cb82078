import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { jobDirectoryContracts, type Job } from '@pentaprism/contracts';
import { DomainError, isFinal } from '@pentaprism/domain';
import { JobWaiter } from '@pentaprism/http';
import type { FastifyReply } from 'fastify';

/** Milliseconds that a poll is held while the job is pending: clients sleep up to 5 s between two polls. */
export const POLL_HOLD_MS = 4000;

export type JobKey = { readonly id: string } | { readonly number: number };

/** Jobs that clients poll. */
@Injectable()
export class HeldJobs {
  constructor(
    private readonly bus: Bus,
    private readonly waiter: JobWaiter,
  ) {}

  /** Throws NOT_FOUND for a job that is not shown. */
  async find(key: JobKey, isShown: (job: Job) => boolean): Promise<Job> {
    const job = await this.bus.call(jobDirectoryContracts.get, key);
    if (!isShown(job)) throw new DomainError('NOT_FOUND', 'There is no such job.');
    return job;
  }

  /** Returns the job when it has ended, after `POLL_HOLD_MS`, or when the client has gone. Throws as `find`. */
  async hold(key: JobKey, isShown: (job: Job) => boolean, reply: FastifyReply): Promise<Job> {
    if ('number' in key) {
      // Ends of jobs are published with their ids.
      const job = await this.find(key, isShown);
      return isFinal(job.state) ? job : this.hold({ id: job.id }, isShown, reply);
    }
    const over = new AbortController();
    const abort = () => over.abort();
    reply.raw.once('close', abort);
    // Listens before the first read, so that an end in between is not missed.
    const ended = this.waiter.wait(key.id, POLL_HOLD_MS, over.signal);
    try {
      const job = await this.find(key, isShown);
      if (isFinal(job.state)) return job;
      await ended;
      return over.signal.aborted ? job : await this.find(key, isShown);
    } finally {
      abort();
      reply.raw.off('close', abort);
    }
  }
}
