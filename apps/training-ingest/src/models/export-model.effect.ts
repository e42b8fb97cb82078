import { Injectable } from '@nestjs/common';
import { exportModel, type JobPayload, type JobResult } from '@pentaprism/contracts';
import type { JobDocument, JobEffect } from '@pentaprism/jobs';
import { Types, type ClientSession } from 'mongoose';
import { IterationRepository } from './iteration.repository.js';

/** Notes where the files of a model are. */
@Injectable()
export class ExportModelEffect implements JobEffect<typeof exportModel> {
  readonly type = exportModel;

  constructor(private readonly iterations: IterationRepository) {}

  completed(job: JobDocument, { content }: JobResult<typeof exportModel>, session: ClientSession): Promise<void> {
    return this.update(job, { 'exports.$[mine].status': 'completed', 'exports.$[mine].content': content }, session);
  }

  ended(job: JobDocument, session: ClientSession): Promise<void> {
    return this.update(job, { 'exports.$[mine].status': 'failed' }, session);
  }

  private async update(job: JobDocument, set: object, session: ClientSession): Promise<void> {
    const { workspace, iterationId } = job.payload as JobPayload<typeof exportModel>;
    await this.iterations.updateExport(workspace, new Types.ObjectId(iterationId), job._id.toHexString(), set, session);
  }
}
