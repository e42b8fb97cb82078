import { Bus } from '@pentaprism/bus';
import {
  jobReportContracts,
  type ContentReference,
  type JobOwner,
  type JobPart,
  type JobPayload,
  type JobReports,
  type JobResult,
  type JobType,
  type QueueName,
} from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { messagesOf, metrics, newTraceId, runWithContext, type Logger } from '@pentaprism/observability';
import type { Job as BullJob } from 'bullmq';

/** What the queue carries: everything else is in the ledger. The job is the one that the ticket was made for. */
export interface QueuedJob {
  readonly jobId: string;
  readonly owner: JobOwner;
}

/** What a handler may do while it works. */
export interface JobControl {
  readonly jobId: string;
  readonly workspace: string;
  /** Aborted when the job was aborted, when another worker has it, or when this worker stops. */
  readonly signal: AbortSignal;
  /** @param progress from 0 to 1; sent with the next sign of life */
  progress(progress: number): void;
  /** What earlier attempts have done, oldest first: the files of the parts by their names. */
  readonly parts: ReadonlyMap<string, ContentReference | undefined>;
  /**
   * Keeps a part for later attempts, if there is one. Returns whether a job of another project waits and is next, and
   * the bytes of large parts for which there is `room` before the job gives way to it. Throws the reason
   * of `signal` if the job was aborted or another worker has it.
   */
  checkpoint(part?: JobPart): Promise<{ readonly othersWait: boolean; readonly room?: number }>;
}

export interface JobHandler<J extends JobType> {
  readonly type: J;
  run(payload: JobPayload<J>, control: JobControl): Promise<JobResult<J>>;
}

/** Thrown by a handler that has done a part of a long job and lets other jobs go first. Another start goes on with it. */
export class LetOthersGoFirst extends Error {
  constructor() {
    super('the job lets others go first');
  }
}

/** Milliseconds between signs of life. The reconciler takes a job for lost after nine of them. */
const HEARTBEAT_MS = 5000;
/** Milliseconds that a report is tried for while its owner does not answer. */
const REPORT_PATIENCE_MS = 60_000;
const STOPPED = 'the worker stops';
const NOT_OURS = 'the job is not ours any more';

/** A job as its owner described it when it was started. */
interface StartedJob {
  readonly jobId: string;
  readonly workspace: string;
  readonly type: string;
  readonly payload?: unknown;
  readonly parts: readonly JobPart[];
}

/** Returns a promise that never resolves and rejects when `signal` aborts. Used to race a handler against its abort. */
function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

/** Carries jobs out on a worker, and reports to their owners. */
export class JobRunner {
  private readonly active = new Set<AbortController>();
  private stopped = false;
  private readonly handlers: ReadonlyMap<string, JobHandler<JobType>>;

  constructor(
    private readonly bus: Bus,
    private readonly logger: Logger,
    private readonly worker: string,
    handlers: readonly JobHandler<JobType>[],
  ) {
    this.handlers = new Map(handlers.map((handler) => [handler.type.type, handler]));
  }

  /** BullMQ's processor. What it is called with is a ticket; its owner says which job it is for. */
  async process(bullJob: BullJob<QueuedJob>): Promise<void> {
    const { jobId, owner } = bullJob.data;
    const reports = jobReportContracts[owner];
    const ticket = { id: bullJob.id ?? jobId, queue: bullJob.queueName as QueueName };
    const started = await this.report(() => this.bus.call(reports.start, { jobId, worker: this.worker, ticket }));
    if (!started.taken) return;
    const context = { traceId: newTraceId(), workspace: started.workspace, actor: `worker ${this.worker}` };
    await runWithContext(context, () => this.attempt(reports, { ...started, jobId: started.jobId ?? jobId }));
  }

  /** Ends the running attempts, so that their jobs can be given back. Jobs that the queue still delivers are given back too. */
  stop(): void {
    this.stopped = true;
    for (const controller of this.active) controller.abort(new Error(STOPPED));
  }

  get activeJobs(): number {
    return this.active.size;
  }

  /** One attempt, from handler to report. */
  private async attempt(reports: JobReports, job: StartedJob & { readonly attempt: number }): Promise<void> {
    const controller = new AbortController();
    const heart = this.beat(reports, job, controller);
    const stopTimer = metrics.jobSeconds.startTimer({ type: job.type });
    const attempt = { jobId: job.jobId, attempt: job.attempt };
    this.active.add(controller);
    if (this.stopped) controller.abort(new Error(STOPPED));
    try {
      const checkpoint = (part?: JobPart) => this.checkpoint(reports, { ...attempt, part }, controller);
      const result = await this.run(job, controller.signal, { progress: heart.progress, checkpoint });
      await this.report(() => this.bus.call(reports.complete, { ...attempt, result }));
      stopTimer({ outcome: 'completed' });
    } catch (error) {
      if (controller.signal.aborted) {
        stopTimer({ outcome: 'stopped' });
        if ((controller.signal.reason as Error).message === STOPPED)
          await this.report(() => this.bus.call(reports.giveBack, attempt));
        return;
      }
      if (error instanceof LetOthersGoFirst) {
        stopTimer({ outcome: 'stopped' });
        await this.report(() => this.bus.call(reports.giveBack, { ...attempt, behindOthers: true }));
        return;
      }
      stopTimer({ outcome: 'failed' });
      await this.fail(reports, attempt, error);
    } finally {
      heart.stop();
      this.active.delete(controller);
    }
  }

  private async run(
    job: StartedJob,
    signal: AbortSignal,
    control: Pick<JobControl, 'progress' | 'checkpoint'>,
  ): Promise<unknown> {
    const handler = this.handlers.get(job.type);
    if (!handler) throw new DomainError('INVALID_ARGUMENT', `This worker knows no job of type ${job.type}.`);
    signal.throwIfAborted();
    const payload = handler.type.payload.safeParse(job.payload);
    if (!payload.success)
      throw new DomainError('INVALID_ARGUMENT', 'The job breaks its contract.', {}, { cause: payload.error });
    const { jobId, workspace } = job;
    const parts = new Map(job.parts.map(({ name, file }) => [name, file]));
    const working = handler.run(payload.data, { jobId, workspace, signal, parts, ...control });
    // A step that cannot be interrupted, such as a decoding, must not keep a job that is over or given back.
    return Promise.race([working, rejectOnAbort(signal)]);
  }

  private async checkpoint(
    reports: JobReports,
    request: { readonly jobId: string; readonly attempt: number; readonly part: JobPart | undefined },
    controller: AbortController,
  ): Promise<{ othersWait: boolean; room: number }> {
    const { proceed, othersWait, room } = await this.report(() => this.bus.call(reports.checkpoint, request));
    if (!proceed) controller.abort(new Error(NOT_OURS));
    controller.signal.throwIfAborted();
    return { othersWait, room };
  }

  private async fail(reports: JobReports, attempt: { jobId: string; attempt: number }, error: unknown): Promise<void> {
    const known = DomainError.is(error);
    const retryable = known ? error.retryable : true;
    // What is wrong with a user's input is worth a line. A stack would only say where it was noticed.
    if (known && !retryable) this.logger.info({ code: error.code, ...attempt }, `jobs: ${messagesOf(error)}`);
    else this.logger.warn({ err: error, ...attempt, retryable }, 'jobs: attempt failed');
    const shown = known
      ? { code: error.code, message: error.message }
      : { code: 'INTERNAL', message: 'Something went wrong here.' };
    await this.report(() => this.bus.call(reports.fail, { ...attempt, error: shown, retryable }));
  }

  private beat(reports: JobReports, job: { jobId: string; attempt: number }, controller: AbortController) {
    let value = 0;
    const send = async () => {
      try {
        const { proceed } = await this.bus.call(reports.progress, {
          jobId: job.jobId,
          attempt: job.attempt,
          progress: value,
        });
        if (!proceed) controller.abort(new Error(NOT_OURS));
      } catch (error) {
        // The owner is away for a moment; the job goes on, and its end is reported when the owner is back.
        this.logger.debug({ err: error }, 'jobs: no sign of life could be sent');
      }
    };
    let lastSent = performance.now();
    const timer = setInterval(() => {
      lastSent = performance.now();
      void send();
    }, HEARTBEAT_MS);
    const progress = (next: number) => {
      value = Math.min(1, Math.max(value, next));
      // Not only at the heartbeat, because the reply says whether the job was aborted. At most four times a second.
      if (performance.now() - lastSent < 250) return;
      lastSent = performance.now();
      void send();
    };
    return { progress, stop: () => clearInterval(timer) };
  }

  /** Repeats a report until its owner answers: done work must not be lost because a service restarts. */
  private async report<T>(send: () => Promise<T>): Promise<T> {
    const until = performance.now() + REPORT_PATIENCE_MS;
    for (let wait = 100; ; wait = Math.min(wait * 2, 2000)) {
      try {
        return await send();
      } catch (error) {
        const passing = DomainError.is(error, 'UNAVAILABLE') || DomainError.is(error, 'DEADLINE_EXCEEDED');
        if (!passing || performance.now() > until) throw error;
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }
}
