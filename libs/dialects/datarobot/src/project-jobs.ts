import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { jobDirectoryContracts, jobReportContracts, projectContracts, type Job } from '@pentaprism/contracts';
import { DomainError, type JobState } from '@pentaprism/domain';
import { collect, type Paging } from '@pentaprism/http';
import { HeldJobs } from './held-jobs.js';
import type { Exchange } from './streams.js';
import { asListed, jobResultLink, ownerOf, type JobScope, type ListedJob } from './wire/job.js';

/** Jobs of one call of the directory. */
const JOBS_PER_CALL = 500;
const ALL = { offset: 0, limit: 0 };
/** Digits of the number of a job. */
const NUMBER = /^[1-9]\d{0,14}$/;

/** The jobs that belong to projects, which clients find by their numbers. */
@Injectable()
export class ProjectJobs {
  constructor(
    private readonly bus: Bus,
    private readonly held: HeldJobs,
  ) {}

  /** Lists jobs, oldest first. Throws NOT_FOUND if there is no such project. */
  async list(scope: JobScope, states: readonly JobState[], paging: Paging) {
    const [page] = await Promise.all([
      this.read(scope, states, paging),
      this.bus.call(projectContracts.get, { id: scope.projectId }),
    ]);
    return page;
  }

  /**
   * Answers a poll. Holds it while the job is pending, as `HeldJobs.hold` does, and answers with 303 and the result as `Location`
   * if the job is completed. Throws NOT_FOUND for text that is not a number of such a job.
   */
  async poll<Body>(
    scope: JobScope,
    text: string,
    { request, reply }: Exchange,
    toBody: (job: ListedJob) => Body | Promise<Body>,
  ): Promise<Body> {
    const isShown = (job: Job) => asListed(job, scope) !== null;
    const job = (await this.held.hold({ number: numberOf(text) }, isShown, reply)) as ListedJob;
    const body = await toBody(job);
    const result = jobResultLink(request, job);
    if (result !== null) void reply.status(303).header('Location', result);
    return body;
  }

  /** Ends a job. Throws NOT_FOUND as `poll`, and FAILED_PRECONDITION if it has ended. */
  async abort(scope: JobScope, text: string): Promise<void> {
    const isShown = (job: Job) => asListed(job, scope) !== null;
    const job = await this.held.find({ number: numberOf(text) }, isShown);
    await this.bus.call(jobReportContracts[ownerOf(job)].abort, { jobId: job.id });
  }

  /** Ends all jobs that have not begun. */
  async abortWaiting(scope: JobScope): Promise<void> {
    await this.abortAll((await this.read(scope, ['queued'], ALL)).items);
  }

  private async abortAll(jobs: readonly ListedJob[]): Promise<void> {
    for (const job of jobs) {
      try {
        await this.bus.call(jobReportContracts[ownerOf(job)].abort, { jobId: job.id });
      } catch (error) {
        // It has ended since it was listed.
        if (!DomainError.is(error, 'FAILED_PRECONDITION') && !DomainError.is(error, 'NOT_FOUND')) throw error;
      }
    }
  }

  private async read(scope: JobScope, states: readonly JobState[], paging: Paging) {
    const filter = { projectId: scope.projectId, types: [...scope.types], states: [...states] };
    const read = async (offset: number, limit: number) => {
      const { jobs, total } = await this.bus.call(jobDirectoryContracts.list, { ...filter, offset, limit });
      return { items: jobs, total };
    };
    const { items, total } = await collect(read, paging, JOBS_PER_CALL);
    return { items: items.flatMap((job) => asListed(job, scope) ?? []), total };
  }
}

function numberOf(text: string): number {
  if (!NUMBER.test(text)) throw new DomainError('NOT_FOUND', 'There is no such job.');
  return Number(text);
}
