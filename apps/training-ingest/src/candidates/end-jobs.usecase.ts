import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { endJob, JobLedger } from '@pentaprism/jobs';

/** Ends the jobs that work for something that was deleted, so that they neither wait nor are listed any longer. */
@Injectable()
export class EndJobs {
  constructor(
    private readonly ledger: JobLedger,
    private readonly bus: Bus,
  ) {}

  /** @param subject what the jobs work for: at least a project, and a candidate if those of others go on */
  async of(workspace: string, subject: { readonly projectId: string; readonly candidateId?: string }): Promise<void> {
    for (const { _id } of await this.ledger.pendingOf(workspace, subject))
      await endJob(this.bus, 'training-ingest', { workspace, job: _id });
  }
}
