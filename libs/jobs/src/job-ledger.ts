import { Inject, Injectable } from '@nestjs/common';
import { getModelToken } from '@nestjs/mongoose';
import type { Job, JobOwner, JobPart, JobPayload, JobType, QueueName } from '@pentaprism/contracts';
import { isDuplicateKey } from '@pentaprism/database';
import { MAX_JOB_PARTS, MAX_JOB_STARTS, type JobState, systemDate, systemNow } from '@pentaprism/domain';
import { trusted, Types, type ClientSession, type Model, type mongo } from 'mongoose';
import { NO_PROJECT, type JobGroup } from './job-group.js';
import { furthered } from './job-starts.js';
import { JOB_MODEL, type JobDocument, type Ticket } from './job.schema.js';

export const JOB_OWNER = Symbol('JobOwner');

/** Milliseconds before the second start of a job that failed; doubled for each further one. */
export const FIRST_RETRY_MS = 1000;
/** Milliseconds that a job may be started before its back-off is over: timers and clocks are not exact. */
const EARLY_MS = 200;
/** The longest of these waits: an outage may last for hours, and its end should not be noticed hours later. */
export const LONGEST_RETRY_MS = 30_000;

export interface NewJob<J extends JobType> {
  readonly workspace: string;
  readonly payload: JobPayload<J>;
  readonly id?: Types.ObjectId;
  readonly number?: number;
  readonly subject?: Record<string, string>;
  readonly idempotencyKey?: string;
  readonly priority?: number;
}

export interface FinishOptions {
  /** Only when this attempt holds the job. */
  readonly attempt?: number;
  /** Only when it was started this often. */
  readonly minimumStarts?: number;
  readonly error?: { code: string; message: string };
}

type RunningJob = Pick<JobDocument, '_id' | 'workspace' | 'subject' | 'ticket' | 'attempt' | 'startedAt'>;

// `sanitizeFilter` refuses operators as values of a filter unless they are marked as our own.
const pending = () => trusted({ $in: ['queued', 'running'] as JobState[] });
const due = () => trusted({ $lte: new Date(systemNow() + EARLY_MS) });

/**
 * The ledger of one owner's jobs. The collection is shared, and every query carries the owner, so that no service
 * writes another's. Each transition compares the state it comes from, so that of two at once one wins.
 */
@Injectable()
export class JobLedger {
  constructor(
    @Inject(getModelToken(JOB_MODEL)) readonly jobs: Model<JobDocument>,
    @Inject(JOB_OWNER) readonly owner: JobOwner,
  ) {}

  /** Adds a queued job, inside the transaction that makes it necessary where there is one. */
  async add<J extends JobType>(type: J, job: NewJob<J>, session?: ClientSession): Promise<JobDocument> {
    const [added] = await this.addAll(type, [job], session);
    if (!added) throw new Error('the ledger added nothing');
    return added;
  }

  async addAll<J extends JobType>(
    type: J,
    jobs: readonly NewJob<J>[],
    session?: ClientSession,
  ): Promise<JobDocument[]> {
    if (jobs.length === 0) return [];
    const now = systemDate();
    const documents = jobs.map(({ id, ...fields }): JobDocument => ({
      _id: id ?? new Types.ObjectId(),
      owner: this.owner,
      type: type.type,
      queue: type.queue,
      state: 'queued',
      subject: {},
      progress: 0,
      attempt: 0,
      starts: 0,
      priority: 0,
      createdAt: now,
      enqueuedAt: now,
      // Not the time of creation: an instance whose clock is behind would not start the job.
      notBefore: new Date(0),
      ...fields,
    }));
    await this.jobs.collection.insertMany(documents, session ? { session } : {});
    return documents;
  }

  /**
   * Adds values to a list in the payload of a job that waits. Returns false, and adds none, if the job does not wait any more or would
   * have more than `most` values.
   */
  async extend(
    id: Types.ObjectId,
    list: string,
    values: readonly string[],
    { most, session }: { most: number; session: ClientSession },
  ): Promise<boolean> {
    if (values.length > most) return false;
    const field = `payload.${list}`;
    const hasRoom = { [`${field}.${most - values.length}`]: { $exists: false } };
    // The driver types the fields of lists by the schema, which leaves payloads open.
    const update: mongo.Document = { $push: { [field]: { $each: values } } };
    const filter = { _id: id, owner: this.owner, state: 'queued', attempt: 0, ...hasRoom };
    const { matchedCount } = await this.jobs.collection.updateOne(filter, update, { session });
    return matchedCount === 1;
  }

  /** Adds the job, or finds the one that was added under the same idempotency key. */
  async addOnce<J extends JobType>(type: J, job: NewJob<J>): Promise<{ job: JobDocument; created: boolean }> {
    try {
      return { job: await this.add(type, job), created: true };
    } catch (error) {
      if (!isDuplicateKey(error) || job.idempotencyKey === undefined) throw error;
      const { workspace, idempotencyKey } = job;
      const existing = await this.jobs
        .findOne({ workspace, owner: this.owner, type: type.type, idempotencyKey })
        .lean();
      if (!existing) throw error;
      return { job: existing, created: false };
    }
  }

  countPending(workspace: string, type: JobType): Promise<number> {
    return this.jobs.countDocuments({
      workspace,
      owner: this.owner,
      type: type.type,
      state: pending(),
    });
  }

  /** Returns whether a job of the workspace waits or runs in a queue. */
  async isPending(workspace: string, queue: QueueName): Promise<boolean> {
    const filter = { owner: this.owner, queue, workspace };
    // Two queries, because each state has an index of its own.
    const [queued, running] = await Promise.all([
      this.jobs.exists({ ...filter, state: 'queued' }),
      this.jobs.exists({ ...filter, state: 'running' }),
    ]);
    return queued !== null || running !== null;
  }

  /** Returns the jobs of a project that wait or run; with a candidate, those that work for it. */
  pendingOf(
    workspace: string,
    { projectId, candidateId }: { readonly projectId: string; readonly candidateId?: string },
  ): Promise<JobDocument[]> {
    const subject = {
      'subject.projectId': projectId,
      ...(candidateId === undefined ? {} : { 'subject.candidateId': candidateId }),
    };
    return this.jobs.find({ workspace, owner: this.owner, ...subject, state: pending() }, { parts: 0 }).lean();
  }

  /**
   * Returns whether a job of any workspace waits in the queue of this one, unless it is of the same project. A job without a project
   * counts as a project of its own.
   */
  async othersWait({ _id, queue, workspace, subject }: JobDocument): Promise<boolean> {
    const waiting = { owner: this.owner, queue, state: 'queued' as const, notBefore: due() };
    const own = subject['projectId'] ? { workspace, 'subject.projectId': subject['projectId'] } : { _id };
    return (await this.jobs.exists({ ...waiting, $nor: [own] })) !== null;
  }

  /** Returns whether another job without a project would be started before a running one that gave its place back behind others. */
  async isPreceded({ _id, queue, workspace, priority, createdAt }: JobDocument): Promise<boolean> {
    const waiting = { owner: this.owner, queue, state: 'queued' as const, workspace, notBefore: due() };
    const earlier = [
      { priority: trusted({ $lte: priority }) },
      { priority: priority + 1, createdAt: trusted({ $lt: createdAt }) },
    ];
    const found = await this.jobs.exists({
      ...waiting,
      'subject.projectId': null,
      _id: trusted({ $ne: _id }),
      $or: earlier,
    });
    return found !== null;
  }

  /**
   * Adds what an attempt has stored. Returns the job, or null if this attempt does not hold it. A job keeps at most
   * `MAX_JOB_PARTS`. Further ones are dropped, which means that another attempt computes them again.
   */
  async keepPart(id: Types.ObjectId, attempt: number, part: JobPart | undefined): Promise<JobDocument | null> {
    const held = { _id: id, owner: this.owner, state: 'running' as const, attempt };
    if (part)
      await this.jobs.updateOne(
        {
          ...held,
          'parts.name': trusted({ $ne: part.name }),
          [`parts.${MAX_JOB_PARTS - 1}`]: trusted({ $exists: false }),
        },
        // What is stored is not lost with the next worker.
        { $push: { parts: part }, $set: { starts: 1 } },
      );
    return this.jobs.findOne(held, { parts: 0 }).lean();
  }

  /** Returns those of the files that are parts of jobs. */
  async knownFiles(workspace: string, hashes: readonly string[]): Promise<Set<string>> {
    // The type, too: the index holds texts only, and the database does not conclude it from the values.
    const among = { $in: [...hashes], $type: 'string' };
    const found = await this.jobs.collection
      .find<Pick<JobDocument, 'parts'>>({ workspace, owner: this.owner, 'parts.file.sha256': among } as object, {
        projection: { parts: 1 },
      })
      .toArray();
    return new Set(found.flatMap(({ parts }) => (parts ?? []).flatMap(({ file }) => file?.sha256 ?? [])));
  }

  find(id: Types.ObjectId): Promise<JobDocument | null> {
    return this.jobs.findOne({ _id: id, owner: this.owner }).lean();
  }

  /** This job and no other, for workers without tickets: queued or running -> running; null when it is final, or was started too often. */
  start(id: Types.ObjectId, worker: string): Promise<JobDocument | null> {
    return this.jobs
      .findOneAndUpdate(
        { _id: id, owner: this.owner, state: pending(), starts: trusted({ $lt: MAX_JOB_STARTS }) },
        begun(worker),
        { returnDocument: 'after' },
      )
      .lean();
  }

  /** Returns the running jobs of a queue, and the workspaces with jobs that are due. */
  async competing(queue: QueueName) {
    const { owner } = this;
    const [running, waiting] = await Promise.all([
      this.jobs
        .find({ owner, queue, state: 'running' }, { workspace: 1, subject: 1, ticket: 1, attempt: 1, startedAt: 1 })
        .lean<RunningJob[]>(),
      this.jobs.distinct('workspace', { owner, queue, state: 'queued', notBefore: due() }),
    ]);
    return { running, waiting };
  }

  /** Returns the projects of a workspace with jobs that are due in a queue; `NO_PROJECT` for jobs without one. */
  async waitingProjects(queue: QueueName, workspace: string): Promise<string[]> {
    const waiting = { owner: this.owner, queue, state: 'queued' as const, workspace, notBefore: due() };
    // Not `distinct`, which returns null for jobs without a project or leaves them out, depending on the index it uses.
    const found = await this.jobs.collection
      .aggregate<{ _id: string | null }>([{ $match: waiting }, { $group: { _id: '$subject.projectId' } }])
      .toArray();
    return found.map(({ _id }) => _id ?? NO_PROJECT);
  }

  /**
   * queued -> running: the next due job of a project. Null when none is due. A job that was started too often comes, too,
   * with more than `MAX_JOB_STARTS`: the caller ends it.
   */
  startNext({ id, queue }: Ticket, { workspace, project }: JobGroup, worker: string): Promise<JobDocument | null> {
    const waiting = { owner: this.owner, queue, state: 'queued' as const, workspace, notBefore: due() };
    return this.jobs
      .findOneAndUpdate(
        { ...waiting, 'subject.projectId': project === NO_PROJECT ? null : project },
        begun(worker, id),
        { returnDocument: 'after', sort: { priority: 1, createdAt: 1 } },
      )
      .lean();
  }

  /** running -> running: the attempt's worker was lost. Returns null if the job has ended. */
  restart(id: Types.ObjectId, attempt: number, ticket: Ticket, worker: string): Promise<JobDocument | null> {
    return this.jobs
      .findOneAndUpdate({ _id: id, owner: this.owner, state: 'running', attempt }, begun(worker, ticket.id), {
        returnDocument: 'after',
      })
      .lean();
  }

  /** Notes progress and a sign of life; false when this attempt does not hold the job any more. */
  async progress(id: Types.ObjectId, attempt: number, progress: number): Promise<boolean> {
    const held = { _id: id, owner: this.owner, state: 'running', attempt };
    const { matchedCount } = await this.jobs.collection.updateOne(held, furthered(progress));
    return matchedCount === 1;
  }

  /**
   * running -> queued, to be started again after a back-off. Returns the job, when the attempt started, and the milliseconds,
   * or null when it may not.
   *
   * @param counts whether this start counts towards the limit: not when something else was away
   */
  async retry(
    id: Types.ObjectId,
    attempt: number,
    counts: boolean,
  ): Promise<{ job: JobDocument; startedAt: Date | undefined; delay: number } | null> {
    const job = await this.jobs
      .findOne({ _id: id, owner: this.owner, state: 'running', attempt }, { starts: 1, startedAt: 1 })
      .lean();
    if (!job || (counts && job.starts >= MAX_JOB_STARTS)) return null;
    const delay = Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), LONGEST_RETRY_MS);
    const notBefore = new Date(systemNow() + delay);
    const queued = await this.jobs
      .findOneAndUpdate(
        { _id: id, owner: this.owner, state: 'running', attempt },
        {
          $set: { state: 'queued', notBefore, enqueuedAt: notBefore },
          $unset: { startedAt: 1 },
          $inc: { starts: counts ? 0 : -1 },
        },
        { returnDocument: 'after' },
      )
      .lean();
    return queued && { job: queued, startedAt: job.startedAt, delay };
  }

  /**
   * running -> queued at once; the start does not count. Returns the job as it ran, or null when the attempt does not hold it.
   *
   * @param options `behindOthers`: jobs of the same project that have had fewer turns go first. `enqueuedAt`: when its
   *   ticket is put on the queue; long ago if its ticket is there already
   */
  giveBack(
    id: Types.ObjectId,
    attempt: number,
    { behindOthers, enqueuedAt }: { behindOthers: boolean; enqueuedAt: Date },
  ): Promise<JobDocument | null> {
    return this.jobs
      .findOneAndUpdate(
        { _id: id, owner: this.owner, state: 'running', attempt },
        {
          $set: { state: 'queued', enqueuedAt },
          $unset: { startedAt: 1 },
          $inc: { starts: -1, priority: behindOthers ? 1 : 0 },
        },
        { returnDocument: 'before' },
      )
      .lean();
  }

  /** queued or running -> a final state. Null when the job was not there. */
  finish(
    id: Types.ObjectId,
    state: 'completed' | 'failed' | 'aborted',
    options: FinishOptions & { session?: ClientSession } = {},
  ): Promise<JobDocument | null> {
    const from = {
      ...(options.attempt === undefined ? { state: pending() } : { state: 'running', attempt: options.attempt }),
      ...(options.minimumStarts === undefined ? {} : { starts: trusted({ $gte: options.minimumStarts }) }),
    };
    const set = {
      state,
      finishedAt: systemDate(),
      ...(options.error ? { error: options.error } : {}),
      ...(state === 'completed' ? { progress: 1 } : {}),
    };
    return this.jobs
      .findOneAndUpdate(
        { _id: id, owner: this.owner, ...from } as object,
        { $set: set, $unset: { parts: 1 } },
        { returnDocument: 'after', session: options.session ?? null },
      )
      .lean();
  }
}

/** The start of an attempt. */
function begun(worker: string, ticket?: string) {
  const now = systemDate();
  return {
    $set: {
      state: 'running' as const,
      worker,
      startedAt: now,
      heartbeatAt: now,
      progress: 0,
      ...(ticket && { ticket }),
    },
    ...(ticket ? {} : { $unset: { ticket: 1 as const } }),
    $inc: { attempt: 1, starts: 1 },
  };
}

/** A job as contracts show it. */
export function toJob(job: JobDocument): Job {
  return {
    id: job._id.toHexString(),
    number: job.number ?? null,
    owner: job.owner,
    type: job.type,
    state: job.state,
    progress: job.progress,
    error: job.error ? { code: job.error.code, message: job.error.message } : null,
    createdAt: job.createdAt.getTime(),
    startedAt: job.startedAt?.getTime() ?? null,
    finishedAt: job.finishedAt?.getTime() ?? null,
    subject: job.subject,
  };
}
