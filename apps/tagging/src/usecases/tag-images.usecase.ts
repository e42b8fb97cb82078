import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { tagReferenceOf, trainingImageContracts, type TagReference } from '@pentaprism/contracts';
import { DomainError, type TaggingStatus } from '@pentaprism/domain';
import type { Types } from 'mongoose';
import { TagRepository } from '../adapters/mongo/tag.repository.js';
import { Projects } from './projects.js';

interface Taggings {
  readonly projectId: string;
  readonly taggings: readonly { readonly imageId: string; readonly tagId: string }[];
}

/** Times that the tags are looked up: each but the first means that one was changed or deleted right before. */
const ATTEMPTS = 4;

/**
 * Gives tags to images by their ids. What a tag is called is known here, which images carry it in the catalog: that one
 * finds, in the transaction that gives a tag to an image, that it has another name by now or is gone.
 */
@Injectable()
export class TagImages {
  constructor(
    private readonly tags: TagRepository,
    private readonly projects: Projects,
    private readonly bus: Bus,
  ) {}

  /**
   * @returns a status for each tagging, in their order
   * @throws DomainError NOT_FOUND with `details.tagIds` or `details.imageIds`; FAILED_PRECONDITION; UNAVAILABLE when the tags change too fast
   */
  async execute(workspace: string, { projectId, taggings }: Taggings): Promise<{ statuses: TaggingStatus[] }> {
    const project = await this.projects.resolve(workspace, projectId);
    for (let attempt = 1; ; attempt++) {
      const tags = await this.lookUp(workspace, project, [...new Set(taggings.map(({ tagId }) => tagId))]);
      const named = taggings.map(({ imageId, tagId }) => ({ imageId, tag: tags.get(tagId) as TagReference }));
      try {
        return await this.bus.call(trainingImageContracts.addTags, { projectId, taggings: named });
      } catch (error) {
        if (!DomainError.is(error, 'CONFLICT')) throw error;
        if (attempt === ATTEMPTS)
          throw new DomainError('UNAVAILABLE', 'The tags are being changed; try again.', {}, { cause: error });
      }
    }
  }

  private async lookUp(
    workspace: string,
    project: Types.ObjectId,
    ids: readonly string[],
  ): Promise<Map<string, TagReference>> {
    const found = await this.tags.findByIds(workspace, project, ids);
    const byId = new Map(found.map((tag) => [tag.id, tagReferenceOf(tag)]));
    const unknown = ids.filter((id) => !byId.has(id));
    if (unknown.length > 0) throw new DomainError('NOT_FOUND', 'There is no such tag.', { tagIds: unknown });
    return byId;
  }
}
