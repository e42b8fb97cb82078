import { Injectable } from '@nestjs/common';
import { predictCandidate, type JobPayload, type JobResult } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import type { JobDocument, JobEffect } from '@pentaprism/jobs';
import { Types, type ClientSession } from 'mongoose';
import { TablePredictionRepository } from './table-prediction.repository.js';

type Payload = JobPayload<typeof predictCandidate>;

/** Notes on a prediction how it ended. */
@Injectable()
export class PredictCandidateEffect implements JobEffect<typeof predictCandidate> {
  readonly type = predictCandidate;

  constructor(private readonly predictions: TablePredictionRepository) {}

  async completed(
    job: JobDocument,
    { file }: JobResult<typeof predictCandidate>,
    session: ClientSession,
  ): Promise<void> {
    await this.finish(job, { file }, session);
  }

  async isWanted(job: JobDocument): Promise<boolean> {
    const { workspace, ...key } = job.payload as Payload;
    try {
      await this.predictions.get(workspace, key);
      return true;
    } catch (error) {
      if (DomainError.is(error, 'NOT_FOUND')) return false;
      throw error;
    }
  }

  /** The same prediction can be asked for again. */
  async ended(job: JobDocument, session: ClientSession): Promise<void> {
    await this.finish(job, { error: job.error?.message ?? 'The prediction was ended.' }, session);
  }

  private async finish(
    job: JobDocument,
    outcome: Parameters<TablePredictionRepository['finish']>[2],
    session: ClientSession,
  ): Promise<void> {
    const { workspace, predictionId } = job.payload as Payload;
    await this.predictions.finish(workspace, new Types.ObjectId(predictionId), outcome, session);
  }
}
