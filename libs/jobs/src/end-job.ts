import type { Bus } from '@pentaprism/bus';
import { jobReportContracts, type JobOwner } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import type { Types } from 'mongoose';

/** A job in the ledger of its owner. */
export interface JobReference {
  readonly workspace: string;
  readonly job: Types.ObjectId;
}

/** Ends a job that waits or runs. Does nothing if the job has ended, or if there is no such job. */
export async function endJob(bus: Bus, owner: JobOwner, { workspace, job }: JobReference): Promise<void> {
  try {
    await bus.call(jobReportContracts[owner].abort, { jobId: job.toHexString() }, { context: { workspace } });
  } catch (error) {
    if (!DomainError.is(error, 'NOT_FOUND') && !DomainError.is(error, 'FAILED_PRECONDITION')) throw error;
  }
}
