import { Injectable } from '@nestjs/common';
import { readTarget, type JobPayload } from '@pentaprism/contracts';
import type { JobDocument, JobEffect } from '@pentaprism/jobs';
import { Types, type ClientSession } from 'mongoose';
import { ModelingEvents } from './modeling-events.js';
import { ModelingRepository } from './modeling.repository.js';

/** Takes the target from a project if its values cannot be read. */
@Injectable()
export class ReadTargetEffect implements JobEffect<typeof readTarget> {
  readonly type = readTarget;

  constructor(
    private readonly modelings: ModelingRepository,
    private readonly events: ModelingEvents,
  ) {}

  /** Does nothing: the worker has made the target ready, before it gave tags. */
  completed(): Promise<void> {
    return Promise.resolve();
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
    if (state === 'completed') this.events.announce('target ready');
  }
}
