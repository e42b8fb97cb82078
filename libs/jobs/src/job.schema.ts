import type { JobOwner, JobPart, QueueName } from '@pentaprism/contracts';
import type { JobState } from '@pentaprism/domain';
import { Schema, type Types } from 'mongoose';

/** A ledger entry: the truth about a job. The queue only carries its id to a worker. */
export interface JobDocument {
  _id: Types.ObjectId;
  workspace: string;
  owner: JobOwner;
  type: string;
  queue: QueueName;
  /** Only jobs that users see have one. */
  number?: number;
  state: JobState;
  payload: unknown;
  /** Ids of the owner's own things, for links. */
  subject: Record<string, string>;
  progress: number;
  /** What its attempts have stored so far. Missing in a job that has stored nothing or has ended. */
  parts?: JobPart[];
  /** Fences reports: a report of an earlier attempt is refused. */
  attempt: number;
  /** Attempts that count towards the limit: one that was given back does not. */
  starts: number;
  worker?: string;
  /** The queue's entry that the running attempt was started with. */
  ticket?: string;
  error?: { code: string; message: string };
  idempotencyKey?: string;
  /** Within the workspace: 0 first, then 1, 2, ... */
  priority: number;
  createdAt: Date;
  /** When a ticket was last put on the queue. The reconciler adds another one after a while. */
  enqueuedAt: Date;
  /** Back-off: not to be started earlier. */
  notBefore: Date;
  /** When the running attempt, or the last one of a finished job, started. A queued job has none. */
  startedAt?: Date;
  /** Last sign of life of the worker. */
  heartbeatAt?: Date;
  finishedAt?: Date;
}

/** An entry of a BullMQ queue: the permission to start one job of this queue, whichever has its turn. */
export interface Ticket {
  readonly id: string;
  readonly queue: QueueName;
}

/** Seconds that finished jobs stay visible. */
const FINISHED_TTL_SECONDS = 30 * 24 * 3600;

export const JOB_MODEL = 'Job';

export const jobSchema = new Schema<JobDocument>(
  {
    workspace: { type: String, required: true },
    owner: { type: String, required: true },
    type: { type: String, required: true },
    queue: { type: String, required: true },
    number: Number,
    state: { type: String, required: true },
    payload: Schema.Types.Mixed,
    subject: { type: Schema.Types.Mixed, default: {} },
    progress: { type: Number, default: 0 },
    parts: { type: [Schema.Types.Mixed], default: undefined } as never,
    attempt: { type: Number, default: 0 },
    starts: { type: Number, default: 0 },
    worker: String,
    ticket: String,
    error: { type: new Schema({ code: String, message: String }, { _id: false }) },
    idempotencyKey: String,
    priority: { type: Number, default: 0 },
    createdAt: { type: Date, required: true },
    enqueuedAt: { type: Date, required: true },
    notBefore: { type: Date, required: true },
    startedAt: Date,
    heartbeatAt: Date,
    finishedAt: Date,
  },
  { collection: 'jobs', versionKey: false, minimize: false },
);

jobSchema.index({ workspace: 1, number: 1 }, { unique: true, partialFilterExpression: { number: { $exists: true } } });
jobSchema.index(
  { workspace: 1, owner: 1, type: 1, idempotencyKey: 1 },
  { unique: true, partialFilterExpression: { idempotencyKey: { $exists: true } } },
);
// For the workspace and the project whose turn it is, and its next job. `state` is a key, too, so that workspaces and projects
// are read from the index alone.
jobSchema.index(
  { owner: 1, queue: 1, state: 1, workspace: 1, 'subject.projectId': 1, priority: 1, createdAt: 1, notBefore: 1 },
  { partialFilterExpression: { state: 'queued' } },
);
// For the reconciler's two queries and the count of a workspace's pending jobs. Finished jobs are not in these indexes.
jobSchema.index({ owner: 1, enqueuedAt: 1 }, { partialFilterExpression: { state: 'queued' } });
jobSchema.index({ owner: 1, heartbeatAt: 1 }, { partialFilterExpression: { state: 'running' } });
jobSchema.index({ workspace: 1, owner: 1, type: 1, state: 1 });
// For lists of a project's jobs.
jobSchema.index(
  { workspace: 1, 'subject.projectId': 1, createdAt: 1, _id: 1 },
  { partialFilterExpression: { 'subject.projectId': { $exists: true } } },
);
// For sweeps of the areas in which parts lie.
jobSchema.index(
  { workspace: 1, 'parts.file.sha256': 1 },
  { partialFilterExpression: { 'parts.file.sha256': { $type: 'string' } } },
);
jobSchema.index({ finishedAt: 1 }, { expireAfterSeconds: FINISHED_TTL_SECONDS });
