import { Injectable } from '@nestjs/common';
import { trainModel, type JobPayload, type JobResult } from '@pentaprism/contracts';
import { systemDate } from '@pentaprism/domain';
import type { JobDocument, JobEffect } from '@pentaprism/jobs';
import { Types, type ClientSession } from 'mongoose';
import { IterationRepository } from './iteration.repository.js';

/** The end of a training, on its iteration: clients ask until it is no longer under way, many of them for ever. */
@Injectable()
export class TrainModelEffect implements JobEffect<typeof trainModel> {
  readonly type = trainModel;

  constructor(private readonly iterations: IterationRepository) {}

  async completed(job: JobDocument, result: JobResult<typeof trainModel>, session: ClientSession): Promise<void> {
    const { backbone, head, evaluation, examples, seconds } = result;
    const now = systemDate();
    const model = { backbone, head, evaluation, examples };
    await this.update(job, { status: 'completed', trainedAt: now, modifiedAt: now, seconds, model }, session);
  }

  async ended(job: JobDocument, session: ClientSession): Promise<void> {
    const error = job.error?.message ?? 'The training was ended.';
    await this.update(job, { status: 'failed', modifiedAt: systemDate(), error }, session);
  }

  /** One that was deleted meanwhile stays so. */
  private async update(job: JobDocument, set: object, session: ClientSession): Promise<void> {
    const { workspace, iterationId } = job.payload as JobPayload<typeof trainModel>;
    await this.iterations.update(workspace, new Types.ObjectId(iterationId), { $set: set }, session);
  }
}
