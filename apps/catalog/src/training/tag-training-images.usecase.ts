import { Injectable } from '@nestjs/common';
import type { ParsedRequestOf, TagReference, trainingImageContracts } from '@pentaprism/contracts';
import { toObjectId, Transactions } from '@pentaprism/database';
import { DomainError, MAX_TAGS_PER_IMAGE, type TaggingStatus, systemDate } from '@pentaprism/domain';
import type { ClientSession } from 'mongoose';
import { ImageCountRepository } from '../projects/image-count.repository.js';
import { ImageTagRepository } from '../images/image-tag.repository.js';
import { toTagDocuments } from '../images/image.schema.js';
import { ProjectRepository } from '../projects/project.repository.js';
import { conflictingTags, TagStateRepository } from '../images/tag-state.repository.js';

type AddTags = ParsedRequestOf<typeof trainingImageContracts.addTags>;
type RemoveTags = ParsedRequestOf<typeof trainingImageContracts.removeTags>;

/** Gives tags to many images, and takes them away. What changes nothing writes nothing. */
@Injectable()
export class TagTrainingImages {
  constructor(
    private readonly images: ImageTagRepository,
    private readonly states: TagStateRepository,
    private readonly counts: ImageCountRepository,
    private readonly projects: ProjectRepository,
    private readonly transactions: Transactions,
  ) {}

  /**
   * @returns what became of each tagging; all or nothing where an image does not exist
   * @throws DomainError NOT_FOUND, and FAILED_PRECONDITION where a negative tag would stand beside another one, of images
   *   with their `imageIds`; CONFLICT when a tag was changed or deleted since it was looked up
   */
  async add(workspace: string, { projectId, taggings }: AddTags): Promise<{ statuses: TaggingStatus[] }> {
    const { _id: project } = await this.projects.get(workspace, projectId);
    const ids = [...new Set(taggings.map(({ imageId }) => imageId))];
    return this.transactions.runInTurn(keysOf(workspace, ids), async (session) => {
      const keys = ids.map((id) => toObjectId(id, 'image'));
      const found = await this.images.taggable(workspace, project, keys, session);
      const carried = new Map(
        found.map(({ _id, tags }) => [_id.toHexString(), new Set(tags.map(({ id }) => id.toHexString()))]),
      );
      checkAll(ids, carried);
      const at = systemDate();
      const added = new Map<string, TagReference[]>();
      const statuses = taggings.map(({ imageId, tag }): TaggingStatus => {
        const tags = carried.get(imageId) as Set<string>;
        if (tags.has(tag.id)) return 'present';
        if (tags.size >= MAX_TAGS_PER_IMAGE) return 'exceeded';
        tags.add(tag.id);
        added.set(imageId, [...(added.get(imageId) ?? []), tag]);
        return 'created';
      });
      await this.check(workspace, added, carried, session);
      const changes = [...added].map(([imageId, tags]) => ({
        image: toObjectId(imageId, 'image'),
        tags: toTagDocuments(tags, at),
      }));
      await this.images.add(workspace, changes, session);
      if (changes.length > 0) await this.counts.note(workspace, project, [], session);
      return { statuses };
    });
  }

  /** @param carried by each image, with what it is given */
  private async check(
    workspace: string,
    added: ReadonlyMap<string, readonly TagReference[]>,
    carried: ReadonlyMap<string, ReadonlySet<string>>,
    session: ClientSession,
  ): Promise<void> {
    const given = new Map([...added.values()].flat().map((tag) => [tag.id, tag]));
    const images = [...added.keys()].map((id) => ({ id, tags: [...(carried.get(id) ?? [])] }));
    const states = await this.states.of(
      workspace,
      images.flatMap(({ tags }) => tags),
      session,
    );
    states.check([...given.values()]);
    const conflicting = images.filter(({ tags }) => states.conflict(tags.map((id) => given.get(id) ?? { id })));
    if (conflicting.length > 0) throw conflictingTags({ imageIds: conflicting.map(({ id }) => id) });
    await this.states.learn(workspace, [...given.values()], states, session);
  }

  /** Takes each of the tags from each of the images that carry it. @throws DomainError NOT_FOUND: no such project */
  async remove(workspace: string, { projectId, imageIds, tagIds }: RemoveTags): Promise<void> {
    const { _id: project } = await this.projects.get(workspace, projectId);
    const images = imageIds.map((id) => toObjectId(id, 'image'));
    const tags = tagIds.map((id) => toObjectId(id, 'tag'));
    await this.transactions.runInTurn(keysOf(workspace, imageIds), async (session) => {
      const changed = await this.images.remove(workspace, project, { images, tags }, session);
      if (changed > 0) await this.counts.note(workspace, project, [], session);
    });
  }
}

/** Of the images, as for those who replace all of their tags. */
function keysOf(workspace: string, ids: readonly string[]): string[] {
  return ids.map((id) => `${workspace}/${id}`);
}

function checkAll(ids: readonly string[], found: ReadonlyMap<string, unknown>): void {
  const imageIds = ids.filter((id) => !found.has(id));
  if (imageIds.length > 0) throw new DomainError('NOT_FOUND', 'Some of the images do not exist.', { imageIds });
}
