import { eventually } from '@pentaprism/testing';
import { availableParallelism } from 'node:os';
import { none, type Measure } from '../drill.js';
import type { LedgerJob, Tenant } from './tenant.js';

/** Milliseconds for the jobs of one upload, sample set, training or export. */
export const ENDED_WITHIN_MS = 60_000;
/** A worker takes so many jobs of one queue at a time. Two rounds: one that was being started, and one turn. */
const OVERTAKEN_AT_MOST = 2 * availableParallelism();

/** Waits until the jobs that a workspace has made since `since`, at least so many, have ended. */
export async function ended(
  tenant: Tenant,
  since: Date,
  atLeast = 1,
  timeoutMs = ENDED_WITHIN_MS,
): Promise<readonly LedgerJob[]> {
  return eventually(
    async () => {
      const jobs = await tenant.jobs(since);
      const open = jobs.filter(({ finishedAt }) => !finishedAt);
      if (jobs.length < atLeast || open.length > 0) throw new Error(`${open.length} of ${jobs.length} have not ended`);
      return jobs;
    },
    { timeoutMs, everyMs: 20 },
  );
}

export interface Jobs {
  /** Of a workspace while no other one works. */
  readonly idle: readonly LedgerJob[];
  /** Of the same one beside the flood. */
  readonly busy: readonly LedgerJob[];
  readonly flood: readonly LedgerJob[];
}

/** Judges each queue, and each type of job where a queue has several, by itself. */
export function compare(jobs: Jobs): { measures: Measure[]; overtaken: unknown[] } {
  const { idle, busy, flood } = jobs;
  const overtaken = busy.map((job) => ({ job, by: overtakers(job, flood) })).filter(({ by }) => by > OVERTAKEN_AT_MOST);
  const kinds = new Map(busy.map(({ queue, type }) => [type, queue]));
  const measures = [...kinds].toSorted().map(([type, queue]) => ({
    what: `p95 of the queue ${queue}, ${type}`,
    worst: p95(took('createdAt', busy, type)),
    atMost: 2 * (p95(took('createdAt', idle, type)) + lengthOf(flood, queue)),
    unit: 'ms' as const,
  }));
  const queues = [...new Set(kinds.values())].toSorted().join(', ');
  return { measures: [...measures, none(`jobs overtaken by more than ${OVERTAKEN_AT_MOST}: ${queues}`, overtaken)], overtaken }; // prettier-ignore
}

/** What a job of the flood in one queue took, which a job of another workspace may have to wait for. */
function lengthOf(flood: readonly LedgerJob[], queue: string): number {
  const types = new Set(flood.filter((job) => job.queue === queue).map(({ type }) => type));
  return Math.max(...[...types].map((type) => p95(took('startedAt', flood, type))));
}

function took(from: 'createdAt' | 'startedAt', jobs: readonly LedgerJob[], ofType: string): number[] {
  return jobs.flatMap(({ type, finishedAt, [from]: begin }) =>
    type === ofType && begin && finishedAt ? [finishedAt.getTime() - begin.getTime()] : [],
  );
}

/** Returns how many jobs of others in the same queue were started while this one waited. */
function overtakers({ queue, createdAt, startedAt }: LedgerJob, others: readonly LedgerJob[]): number {
  const within = (at: Date | undefined) =>
    at !== undefined && startedAt !== undefined && at > createdAt && at < startedAt;
  return others.filter((each) => each.queue === queue && within(each.startedAt)).length;
}

export function p95(values: readonly number[]): number {
  const sorted = values.toSorted((one, another) => one - another);
  return sorted[Math.max(0, Math.ceil(sorted.length * 0.95) - 1)] ?? NaN;
}
