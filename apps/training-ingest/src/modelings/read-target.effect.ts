import { Injectable } from '@nestjs/common';
import { readTarget, type JobPayload, type JobResult } from '@pentaprism/contracts';
import type { JobDocument, JobEffect } from '@pentaprism/jobs';
import { Types, type ClientSession } from 'mongoose';
import { ModelingRepository } from './modeling.repository.js';
import { ReadyTargets } from './ready-targets.js';

/** Makes a target ready when its values have been read. If they cannot be read, the project has no target. */
@Injectable()
export class ReadTargetEffect implements JobEffect<typeof readTarget> {
  readonly type = readTarget;

  constructor(
    private readonly modelings: ModelingRepository,
    private readonly ready: ReadyTargets,
  ) {}

  async completed(job: JobDocument, result: JobResult<typeof readTarget>, session: ClientSession): Promise<void> {
    const { workspace, projectId } = job.payload as JobPayload<typeof readTarget>;
    await this.modelings.finishTarget(workspace, new Types.ObjectId(projectId), job._id, result, session);
  }

  async isWanted(job: JobDocument): Promise<boolean> {
    const { workspace, projectId } = job.payload as JobPayload<typeof readTarget>;
    return (await this.modelings.find(workspace, projectId)) !== null;
  }

  async ended(job: JobDocument, session: ClientSession): Promise<void> {
    const { workspace, projectId } = job.payload as JobPayload<typeof readTarget>;
    await this.modelings.dropTarget(workspace, new Types.ObjectId(projectId), job._id, session);
  }

  committed({ state }: JobDocument): void {
    if (state === 'completed') this.ready.announce();
  }
}
