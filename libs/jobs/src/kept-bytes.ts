import type { JobState } from '@pentaprism/domain';
import type { JobLedger } from './job-ledger.js';
import type { JobDocument } from './job.schema.js';

/** Returns the bytes of the parts of all jobs in the workspace and queue of one. */
export async function keptBytes(
  { jobs, owner }: Pick<JobLedger, 'jobs' | 'owner'>,
  { queue, workspace }: JobDocument,
): Promise<number> {
  const sumOf = async (state: JobState) => {
    const [sum] = await jobs.collection
      .aggregate<{ bytes: number }>([
        { $match: { owner, queue, workspace, state, 'parts.file': { $exists: true } } },
        { $group: { _id: null, bytes: { $sum: { $sum: '$parts.file.size' } } } },
      ])
      .toArray();
    return sum?.bytes ?? 0;
  };
  // Two queries, because each state has an index of its own.
  const [queued, running] = await Promise.all([sumOf('queued'), sumOf('running')]);
  return queued + running;
}
