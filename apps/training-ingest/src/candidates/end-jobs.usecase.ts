import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { jobReportContracts } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { JobLedger } from '@pentaprism/jobs';

/** Ends the jobs that work for something that was deleted, so that they neither wait nor are listed any longer. */
@Injectable()
export class EndJobs {
  constructor(
    private readonly ledger: JobLedger,
    private readonly bus: Bus,
  ) {}

  /** @param subject what the jobs work for: at least a project, and a candidate if those of others go on */
  async of(workspace: string, subject: { readonly projectId: string; readonly candidateId?: string }): Promise<void> {
    for (const { _id } of await this.ledger.pendingOf(workspace, subject)) await this.end(workspace, _id.toHexString());
  }

  /** Ends a job, also if it has ended already. */
  private async end(workspace: string, jobId: string): Promise<void> {
    try {
      await this.bus.call(jobReportContracts['training-ingest'].abort, { jobId }, { context: { workspace } });
    } catch (error) {
      if (!DomainError.is(error, 'NOT_FOUND') && !DomainError.is(error, 'FAILED_PRECONDITION')) throw error;
    }
  }
}
