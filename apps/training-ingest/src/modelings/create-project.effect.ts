import { Injectable } from '@nestjs/common';
import { createProject, type JobPayload, type JobResult } from '@pentaprism/contracts';
import type { JobDocument, JobEffect } from '@pentaprism/jobs';
import { Types, type ClientSession } from 'mongoose';
import { DatasetRepository } from '../datasets/dataset.repository.js';
import { ModelingEvents } from './modeling-events.js';
import { ModelingRepository } from './modeling.repository.js';

/** Makes a project ready when its images have been added. If the creation failed or was aborted, removes what it created. */
@Injectable()
export class CreateProjectEffect implements JobEffect<typeof createProject> {
  readonly type = createProject;

  constructor(
    private readonly modelings: ModelingRepository,
    private readonly datasets: DatasetRepository,
    private readonly events: ModelingEvents,
  ) {}

  async completed(job: JobDocument, _result: JobResult<typeof createProject>, session: ClientSession): Promise<void> {
    const { workspace, projectId } = job.payload as JobPayload<typeof createProject>;
    await this.modelings.change(workspace, new Types.ObjectId(projectId), { state: 'ready' }, session);
  }

  async isWanted(job: JobDocument): Promise<boolean> {
    const { workspace, projectId } = job.payload as JobPayload<typeof createProject>;
    return (await this.modelings.find(workspace, projectId)) !== null;
  }

  async ended(job: JobDocument, session: ClientSession): Promise<void> {
    const { workspace, projectId, datasetId } = job.payload as JobPayload<typeof createProject>;
    await this.modelings.markDeleted(workspace, new Types.ObjectId(projectId), session);
    await this.datasets.markDeletedWithJob(workspace, new Types.ObjectId(datasetId), job._id, session);
  }

  committed({ state }: JobDocument): void {
    if (state !== 'completed') this.events.announce('project failed');
  }
}
