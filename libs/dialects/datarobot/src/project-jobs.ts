import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { jobDirectoryContracts, jobReportContracts, type Job } from '@pentaprism/contracts';
import { DomainError, type JobState } from '@pentaprism/domain';
import { collect, type Paging } from '@pentaprism/http';
import type { FastifyReply } from 'fastify';
import { HeldJobs } from './held-jobs.js';
import { asListed, ownerOf, type JobScope, type ListedJob } from './wire/job.js';

/** Jobs of one call of the directory. */
const JOBS_PER_CALL = 500;
/** Digits of the number of a job. */
const NUMBER = /^[1-9]\d{0,14}$/;

/** The jobs that belong to projects, which clients find by their numbers. */
@Injectable()
export class ProjectJobs {
  constructor(
    private readonly bus: Bus,
    private readonly held: HeldJobs,
  ) {}

  /** Lists jobs, oldest first, without checking that the project exists. */
  async list(scope: JobScope, states: readonly JobState[], paging: Paging) {
    const filter = { projectId: scope.projectId, types: [...scope.types], states: [...states] };
    const read = async (offset: number, limit: number) => {
      const { jobs, total } = await this.bus.call(jobDirectoryContracts.list, { ...filter, offset, limit });
      return { items: jobs, total };
    };
    const { items, total } = await collect(read, paging, JOBS_PER_CALL);
    return { items: items.flatMap((job) => asListed(job, scope) ?? []), total };
  }

  /** Returns a job, as `HeldJobs.hold` does. Throws NOT_FOUND for text that is not a number of such a job. */
  async hold(scope: JobScope, text: string, reply: FastifyReply): Promise<ListedJob> {
    const isShown = (job: Job) => asListed(job, scope) !== null;
    return (await this.held.hold({ number: numberOf(text) }, isShown, reply)) as ListedJob;
  }

  /** Ends a job. Throws NOT_FOUND as `hold`, and FAILED_PRECONDITION if it has ended. */
  async abort(scope: JobScope, text: string): Promise<void> {
    const isShown = (job: Job) => asListed(job, scope) !== null;
    const job = await this.held.find({ number: numberOf(text) }, isShown);
    await this.bus.call(jobReportContracts[ownerOf(job)].abort, { jobId: job.id });
  }

  /** Ends all jobs that have not begun. */
  async abortWaiting(scope: JobScope): Promise<void> {
    const { items } = await this.list(scope, ['queued'], { offset: 0, limit: 0 });
    for (const job of items) {
      try {
        await this.bus.call(jobReportContracts[ownerOf(job)].abort, { jobId: job.id });
      } catch (error) {
        // It has ended since it was listed.
        if (!DomainError.is(error, 'FAILED_PRECONDITION') && !DomainError.is(error, 'NOT_FOUND')) throw error;
      }
    }
  }
}

function numberOf(text: string): number {
  if (!NUMBER.test(text)) throw new DomainError('NOT_FOUND', 'There is no such job.');
  return Number(text);
}
