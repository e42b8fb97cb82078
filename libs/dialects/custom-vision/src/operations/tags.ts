import { Injectable } from '@nestjs/common';
import {
  iterationContracts,
  MAX_TAGS_PER_LOOKUP,
  tagContracts,
  trainingImageContracts,
  type TagDetails,
} from '@pentaprism/contracts';
import { MAX_DESCRIPTION_LENGTH, MAX_PAGE_SIZE, MAX_TAG_NAME_LENGTH, type TagType } from '@pentaprism/domain';
import { collect } from '@pentaprism/http';
import type { Tag } from '../v3/models.js';
import { refusal } from '../wire/codes.js';
import { guidOf, idInPath, notFound } from '../wire/ids.js';
import { isName, nameRule } from '../wire/names.js';
import { required } from '../wire/query.js';
import { Snapshots, type Snapshot } from './iteration-view.js';
import { Services } from './services.js';

export interface TagInput {
  readonly name?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly type?: string | null | undefined;
}

export interface TagList {
  readonly tags: Tag[];
  /** Images with and without tags. */
  readonly tagged: number;
  readonly untagged: number;
}

export const TAG_TYPE_NAMES = {
  regular: 'Regular',
  negative: 'Negative',
  'general-product': 'GeneralProduct',
} as const satisfies Record<TagType, string>;

type Details = Pick<TagDetails, 'id' | 'name' | 'description' | 'type'>;

@Injectable()
export class Tags {
  constructor(
    private readonly services: Services,
    private readonly snapshots: Snapshots,
  ) {}

  /** All tags of a project, or those that images of an iteration carried, by name. */
  async list(project: string, iteration: string | undefined): Promise<TagList> {
    const snapshot = await this.snapshots.find(project, iteration);
    const { tagged, untagged, tags: counts } = await this.services.call(trainingImageContracts.countByTag, snapshot);
    const byId = new Map(counts.map(({ tagId, count }) => [tagId, count]));
    const details = isOfIteration(snapshot) ? await this.tagsOf(snapshot, [...byId.keys()]) : await this.all(snapshot);
    return { tags: details.map((each) => toTag(each, byId.get(each.id))), tagged, untagged };
  }

  async get(project: string, tag: string, iteration: string | undefined): Promise<Tag> {
    const snapshot = await this.snapshots.find(project, iteration);
    const id = idInPath(tag, 'tag');
    if (isOfIteration(snapshot)) {
      const [found] = await this.tagsOf(snapshot, [id]);
      if (!found) throw notFound('tag');
      return toTag(found, await this.countOf(snapshot, id));
    }
    const { projectId } = snapshot;
    const details = await this.services.call(tagContracts.get, { projectId, tag: { id } });
    return toTag(details, await this.countOf(snapshot, id));
  }

  /** @throws DomainError BadRequestTagName, BadRequestTagNameNotUnique and others */
  async create(project: string, input: TagInput): Promise<Tag> {
    const projectId = idInPath(project, 'project');
    const {
      name = '',
      description = '',
      type = 'regular',
    } = changesOf({ ...input, name: required(input.name, 'name') });
    return toTag(await this.services.call(tagContracts.create, { projectId, name, description, type }), 0);
  }

  async update(project: string, tag: string, input: TagInput): Promise<Tag> {
    const projectId = idInPath(project, 'project');
    const id = idInPath(tag, 'tag');
    const changes = changesOf(input);
    const updated = await this.services.call(tagContracts.update, { projectId, tag: { id }, ...changes });
    return toTag(updated, await this.countOf({ projectId }, id));
  }

  async delete(project: string, tag: string): Promise<void> {
    const projectId = idInPath(project, 'project');
    await this.services.call(tagContracts.delete, { projectId, tag: { id: idInPath(tag, 'tag') } });
  }

  private async all({ projectId }: Snapshot): Promise<Details[]> {
    const read = async (offset: number, limit: number) => {
      const { tags, total } = await this.services.call(tagContracts.list, { projectId, offset, limit });
      return { items: tags, total };
    };
    return (await collect(read, { offset: 0, limit: 0 }, MAX_PAGE_SIZE)).items;
  }

  /**
   * By name, as they were when the iteration was trained: those that it was trained on it knows itself, and the names of
   * others are on its images. Types of those, and descriptions of all, are today's, as far as the tags are still there.
   */
  private async tagsOf(snapshot: Required<Snapshot>, ids: readonly string[]): Promise<Details[]> {
    const { projectId, snapshotId: iterationId } = snapshot;
    const { tags } = await this.services.call(iterationContracts.tags, { projectId, iterationId });
    const trained = new Map(tags.map((tag) => [tag.id, tag]));
    const today = await this.today(projectId, ids);
    const found: Details[] = [];
    for (const id of ids) {
      const { description = '', type = 'regular' } = today.get(id) ?? {};
      const then = trained.get(id) ?? (await this.carried(snapshot, id));
      if (then) found.push({ description, type, ...then });
    }
    return found.sort((a, b) => compare(a.name.toLowerCase(), b.name.toLowerCase()) || compare(a.name, b.name));
  }

  private async today(projectId: string, ids: readonly string[]): Promise<Map<string, Details>> {
    const found = new Map<string, Details>();
    for (let at = 0; at < ids.length; at += MAX_TAGS_PER_LOOKUP) {
      const asked = ids.slice(at, at + MAX_TAGS_PER_LOOKUP);
      const { tags } = await this.services.call(tagContracts.getMany, { projectId, ids: asked });
      for (const tag of tags) found.set(tag.id, tag);
    }
    return found;
  }

  /** A tag as an image of the snapshot has it. */
  private async carried(snapshot: Snapshot, id: string): Promise<Pick<Details, 'id' | 'name'> | undefined> {
    const page = { ...snapshot, anyOfTags: [id], limit: 1 };
    const { images } = await this.services.call(trainingImageContracts.list, page);
    const tag = images[0]?.tags.find((each) => each.id === id);
    return tag && { id, name: tag.name };
  }

  private async countOf(snapshot: Snapshot, tagId: string): Promise<number> {
    return (await this.services.call(trainingImageContracts.count, { ...snapshot, anyOfTags: [tagId] })).count;
  }
}

function isOfIteration(snapshot: Snapshot): snapshot is Required<Snapshot> {
  return snapshot.snapshotId !== undefined;
}

/** By code units, as lists of tags are ordered everywhere. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function changesOf({ name, description, type }: TagInput) {
  if (typeof name === 'string' && !isName(name, MAX_TAG_NAME_LENGTH))
    throw refusal('BadRequestTagName', nameRule("A tag's name", MAX_TAG_NAME_LENGTH));
  if (description && description.length > MAX_DESCRIPTION_LENGTH)
    throw refusal('BadRequestTagDescription', `A description has at most ${MAX_DESCRIPTION_LENGTH} characters.`);
  return {
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof description === 'string' ? { description } : {}),
    ...(type ? { type: typeOf(type) } : {}),
  };
}

function typeOf(name: string): TagType {
  const found = Object.entries(TAG_TYPE_NAMES).find(([, each]) => each.toLowerCase() === name.toLowerCase());
  if (!found) throw refusal('BadRequestTagType', 'type is Regular, Negative or GeneralProduct.');
  return found[0] as TagType;
}

function toTag({ id, name, description, type }: Details, count = 0): Tag {
  return { id: guidOf(id), name, description: description || null, type: TAG_TYPE_NAMES[type], imageCount: count };
}
