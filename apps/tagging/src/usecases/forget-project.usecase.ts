import { Injectable } from '@nestjs/common';
import type { FactData, projectDeleted } from '@pentaprism/contracts';
import { toObjectId } from '@pentaprism/database';
import { TagRevisionRepository } from '../adapters/mongo/tag-revision.repository.js';
import { TagRepository } from '../adapters/mongo/tag.repository.js';

/** Tags removed by one command. */
const BATCH = 1000;

/** Removes the tags of a deleted project. No event is published for each of them, because their images are removed with the project. */
@Injectable()
export class ForgetProject {
  constructor(
    private readonly tags: TagRepository,
    private readonly revisions: TagRevisionRepository,
  ) {}

  /** Also for the second time, and for one that was given up half way. */
  async execute(workspace: string, { projectId }: FactData<typeof projectDeleted>): Promise<void> {
    const project = toObjectId(projectId, 'project');
    // First: a tag that is being made commits before this, and is found below, or never.
    await this.revisions.close(workspace, project);
    while ((await this.tags.removeSome(workspace, project, BATCH)) === BATCH);
    // Tables that were read in between hold tags that are gone.
    await this.revisions.close(workspace, project);
  }
}
