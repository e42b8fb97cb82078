import { Injectable } from '@nestjs/common';
import type { Job, jobDirectoryContracts, ParsedRequestOf } from '@pentaprism/contracts';
import { notFound, toObjectId } from '@pentaprism/database';
import { JobLedger, toJob } from '@pentaprism/jobs';
import { trusted } from 'mongoose';

type ListRequest = ParsedRequestOf<typeof jobDirectoryContracts.list>;

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

  /** Lists jobs of a project, oldest first. */
  async list(
    workspace: string,
    { projectId, types, states, offset, limit }: ListRequest,
  ): Promise<{ jobs: Job[]; total: number }> {
    const filter = {
      workspace,
      'subject.projectId': projectId,
      type: trusted({ $in: types }),
      state: trusted({ $in: states }),
    };
    const [jobs, total] = await Promise.all([
      this.ledger.jobs.find(filter).sort({ createdAt: 1, _id: 1 }).skip(offset).limit(limit).lean(),
      this.ledger.jobs.countDocuments(filter),
    ]);
    return { jobs: jobs.map(toJob), total };
  }
}
