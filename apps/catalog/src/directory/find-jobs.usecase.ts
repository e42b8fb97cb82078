import { Injectable } from '@nestjs/common';
import type { Job } from '@pentaprism/contracts';
import { notFound, toObjectId } from '@pentaprism/database';
import { JobLedger, toJob } from '@pentaprism/jobs';

/** A job by its canonical id or by its number. */
type JobKey = { readonly id: string } | { readonly number: number };

/** Finds jobs of all owners. Every service may read the ledger, and only the owner of an entry may write it. */
@Injectable()
export class FindJobs {
  constructor(private readonly ledger: JobLedger) {}

  async get(workspace: string, key: JobKey): Promise<Job> {
    const filter = 'id' in key ? { _id: toObjectId(key.id, 'job') } : { number: key.number };
    const job = await this.ledger.jobs.findOne({ workspace, ...filter }).lean();
    if (!job) throw notFound('job');
    return toJob(job);
  }
}
