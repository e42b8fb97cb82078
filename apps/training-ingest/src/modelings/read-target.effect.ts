import { Injectable } from '@nestjs/common';
import { readTarget, type JobPayload } from '@pentaprism/contracts';
import type { JobDocument, JobEffect } from '@pentaprism/jobs';
import { Types, type ClientSession } from 'mongoose';
import { ModelingEvents } from './modeling-events.js';
import { ModelingRepository } from './modeling.repository.js';

/** Takes the target from a project if its values cannot be read, and removes the snapshot that was taken for it. */
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
    const project = new Types.ObjectId(projectId);
    // The project is a live table again.
    if (await this.modelings.dropSnapshot(workspace, project, job._id, session)) return;
    await this.modelings.dropTarget(workspace, project, job._id, session);
  }

  committed({ state }: JobDocument): void {
    this.events.announce(state === 'completed' ? 'target ready' : 'project failed');
  }
}
