import { Inject, Injectable } from '@nestjs/common';
import { ALL_JOBS, jobFinished, type JobPart, type JobResult, type JobType } from '@pentaprism/contracts';
import { notFound, Outbox, toObjectId, Transactions } from '@pentaprism/database';
import {
  DomainError,
  MAX_JOB_STARTS,
  MAX_KEPT_BYTES,
  type JobState,
  isOutage,
  systemDate,
  systemNow,
} from '@pentaprism/domain';
import { metrics } from '@pentaprism/observability';
import type { ClientSession, Types } from 'mongoose';
import { JobLedger, type FinishOptions } from './job-ledger.js';
import { JobQueue } from './job-queue.js';
import type { JobDocument, Ticket } from './job.schema.js';
import { keptBytes } from './kept-bytes.js';
import { Turns } from './turns.js';

/** What an owner does when one of its jobs ends; part of the transaction that ends it. */
export interface JobEffect<J extends JobType> {
  readonly type: J;
  completed(job: JobDocument, result: JobResult<J>, session: ClientSession): Promise<void>;
  /**
   * Returns whether what the job works for is still there. If it is not, the job is aborted where it would fail: its input was
   * removed with it. Without this method, a job is always wanted.
   *
   * Called before the transaction that ends the job, because it may call another service.
   */
  isWanted?(job: JobDocument): Promise<boolean>;
  /** Failed for good, or aborted. */
  ended?(job: JobDocument, session: ClientSession): Promise<void>;
  /** Called after the commit, for every outcome. Not called when the process ends in between. Must not throw. */
  committed?(job: JobDocument): void;
}

export const JOB_EFFECTS = Symbol('JobEffects');

const STARTED_TOO_OFTEN = {
  code: 'INTERNAL',
  message: `The job was started ${MAX_JOB_STARTS} times and never came to an end.`,
};

/** Answers what workers report about the owner's jobs. */
@Injectable()
export class JobReports {
  private readonly effects: ReadonlyMap<string, JobEffect<JobType>>;

  constructor(
    private readonly ledger: JobLedger,
    private readonly queue: JobQueue,
    private readonly turns: Turns,
    private readonly outbox: Outbox,
    private readonly transactions: Transactions,
    @Inject(JOB_EFFECTS) effects: readonly JobEffect<JobType>[],
  ) {
    this.effects = new Map(effects.map((effect) => [effect.type.type, effect]));
    const missing = ALL_JOBS.filter((job) => job.owner === ledger.owner && !this.effects.has(job.type));
    if (missing.length > 0)
      throw new Error(`${ledger.owner} has no effect for ${missing.map((job) => job.type).join(', ')}`);
  }

  async start({ jobId, worker, ticket }: { jobId: string; worker: string; ticket?: Ticket | undefined }) {
    const id = toObjectId(jobId, 'job');
    const job = ticket ? await this.next(ticket, worker) : await this.ledger.start(id, worker);
    if (job)
      return {
        taken: true as const,
        jobId: job._id.toHexString(),
        attempt: job.attempt,
        workspace: job.workspace,
        type: job.type,
        payload: job.payload,
        parts: job.parts ?? [],
      };
    if (ticket) return { taken: false as const, state: (await this.ledger.find(id))?.state ?? ('failed' as const) };
    // Compares the starts again: a job that has been given back in the meantime has not failed.
    await this.end(id, 'failed', { minimumStarts: MAX_JOB_STARTS, error: STARTED_TOO_OFTEN });
    const current = await this.ledger.find(id);
    return { taken: false as const, state: current?.state ?? ('failed' as const) };
  }

  /** The job whose turn it is. Those that were started too often end on the way. */
  private async next(ticket: Ticket, worker: string): Promise<JobDocument | null> {
    for (;;) {
      const job = await this.turns.start(ticket, worker);
      if (!job || job.starts <= MAX_JOB_STARTS) return job;
      await this.end(job._id, 'failed', { attempt: job.attempt, error: STARTED_TOO_OFTEN });
    }
  }

  async progress(request: { jobId: string; attempt: number; progress: number }) {
    return { proceed: await this.ledger.progress(toObjectId(request.jobId, 'job'), request.attempt, request.progress) };
  }

  async checkpoint({ jobId, attempt, part }: { jobId: string; attempt: number; part?: JobPart | undefined }) {
    const job = await this.ledger.keepPart(toObjectId(jobId, 'job'), attempt, part);
    const othersWait = job !== null && (await this.turns.areOfOthersAfter(job));
    const kept = othersWait ? await keptBytes(this.ledger, job) : MAX_KEPT_BYTES;
    return { proceed: job !== null, othersWait, room: Math.max(0, MAX_KEPT_BYTES - kept) };
  }

  async complete(request: { jobId: string; attempt: number; result?: unknown }) {
    const id = toObjectId(request.jobId, 'job');
    const done = await this.transactions.run(async (session) => {
      const job = await this.ledger.finish(id, 'completed', { attempt: request.attempt, session });
      if (!job) return null;
      const effect = this.effectOf(job);
      const result = effect.type.result.safeParse(request.result);
      if (!result.success)
        throw new DomainError(
          'INVALID_ARGUMENT',
          'The result of the job breaks its contract.',
          {},
          { cause: result.error },
        );
      await effect.completed(job, result.data, session);
      await this.announce(job, session);
      return job;
    });
    if (!done) {
      // The answer to an earlier report of this very attempt may have been lost on its way.
      const current = await this.ledger.find(id);
      return { accepted: current?.state === 'completed' && current.attempt === request.attempt };
    }
    this.ended(done);
    return { accepted: true };
  }

  async fail(request: {
    jobId: string;
    attempt: number;
    error: { code: string; message: string };
    retryable: boolean;
  }) {
    const id = toObjectId(request.jobId, 'job');
    if (request.retryable) {
      const retried = await this.ledger.retry(id, request.attempt, !isOutage(request.error.code));
      if (retried) {
        this.turns.charge({ ...retried.job, startedAt: retried.startedAt }, systemNow());
        this.queue.enqueueLater(retried.job, retried.delay);
        return { retryInMs: retried.delay };
      }
    }
    await this.end(id, 'failed', { attempt: request.attempt, error: request.error });
    return { retryInMs: null };
  }

  async giveBack({ jobId, attempt, behindOthers }: { jobId: string; attempt: number; behindOthers: boolean }) {
    // A worker that stops leaves the ticket in the queue. A worker that goes on has used it up.
    const enqueuedAt = behindOthers ? systemDate() : new Date(0);
    const job = await this.ledger.giveBack(toObjectId(jobId, 'job'), attempt, { behindOthers, enqueuedAt });
    if (job) this.turns.charge(job, systemNow());
    if (job && behindOthers) await this.queue.enqueue({ ...job, enqueuedAt });
    return {};
  }

  async abort(request: { jobId: string }, workspace: string): Promise<{ state: JobState }> {
    const id = toObjectId(request.jobId, 'job');
    const job = await this.ledger.find(id);
    if (job?.workspace !== workspace) throw notFound('job');
    const aborted = await this.end(id, 'aborted', {});
    if (!aborted) throw new DomainError('FAILED_PRECONDITION', 'The job has ended already.', { state: job.state });
    // A running job has used a ticket. The one with its id may be what a queued job needs.
    if (!aborted.startedAt) await this.queue.remove(aborted);
    return { state: 'aborted' };
  }

  private async end(
    id: Types.ObjectId,
    state: 'failed' | 'aborted',
    options: FinishOptions,
  ): Promise<JobDocument | null> {
    const isMoot = state === 'failed' && !(await this.isWanted(id));
    const job = await this.transactions.run(async (session) => {
      const ended = await this.ledger.finish(id, isMoot ? 'aborted' : state, { ...options, session });
      if (!ended) return null;
      await this.effectOf(ended).ended?.(ended, session);
      await this.announce(ended, session);
      return ended;
    });
    if (job) this.ended(job);
    return job;
  }

  private async isWanted(id: Types.ObjectId): Promise<boolean> {
    const job = await this.ledger.find(id);
    return job === null || ((await this.effectOf(job).isWanted?.(job)) ?? true);
  }

  private ended(job: JobDocument): void {
    metrics.jobsFinished.inc({ type: job.type, state: job.state });
    this.turns.charge(job, systemNow());
    this.outbox.flush();
    this.effectOf(job).committed?.(job);
  }

  /** Only jobs with a number are seen, and waited for, by users. */
  private async announce(job: JobDocument, session: ClientSession): Promise<void> {
    const { owner, type, state, number } = job;
    if (number === undefined) return;
    await this.outbox.add(session, jobFinished, { jobId: job._id.toHexString(), owner, type, state }, job.workspace);
  }

  private effectOf(job: JobDocument): JobEffect<JobType> {
    const effect = this.effects.get(job.type);
    if (!effect) throw new Error(`${this.ledger.owner} has no effect for ${job.type}`);
    return effect;
  }
}
