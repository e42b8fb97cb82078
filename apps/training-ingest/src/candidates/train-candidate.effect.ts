import { Injectable } from '@nestjs/common';
import { trainCandidate, type JobPayload, type JobResult } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import type { JobDocument, JobEffect } from '@pentaprism/jobs';
import { Types, type ClientSession } from 'mongoose';
import { CandidateRepository } from './candidate.repository.js';

/** Notes on a candidate how its training ended. */
@Injectable()
export class TrainCandidateEffect implements JobEffect<typeof trainCandidate> {
  readonly type = trainCandidate;

  constructor(private readonly candidates: CandidateRepository) {}

  async completed(job: JobDocument, result: JobResult<typeof trainCandidate>, session: ClientSession): Promise<void> {
    const { backbone, model, predictions, ...trained } = result;
    const files = { backbone, model, predictions };
    await this.finish(job, { trained: { ...trained, files } }, session);
  }

  async isWanted(job: JobDocument): Promise<boolean> {
    const { workspace, projectId, candidateId } = job.payload as JobPayload<typeof trainCandidate>;
    try {
      await this.candidates.get(workspace, { projectId, candidateId });
      return true;
    } catch (error) {
      if (DomainError.is(error, 'NOT_FOUND')) return false;
      throw error;
    }
  }

  /** A training that was aborted leaves nothing: its blueprint can be asked for again, and no list shows it. */
  async ended(job: JobDocument, session: ClientSession): Promise<void> {
    await this.finish(job, { error: job.error?.message ?? 'The training was ended.' }, session);
  }

  private async finish(
    job: JobDocument,
    outcome: Parameters<CandidateRepository['finish']>[2],
    session: ClientSession,
  ): Promise<void> {
    const { workspace, candidateId } = job.payload as JobPayload<typeof trainCandidate>;
    await this.candidates.finish(workspace, new Types.ObjectId(candidateId), outcome, session);
  }
}
