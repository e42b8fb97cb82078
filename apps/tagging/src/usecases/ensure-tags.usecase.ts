import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { counterContracts, projectContracts, type TagReference } from '@pentaprism/contracts';
import { toObjectId } from '@pentaprism/database';
import { checkTagNames, DomainError } from '@pentaprism/domain';
import type { Types } from 'mongoose';
import { TagRepository } from '../adapters/mongo/tag.repository.js';

/** Finds tags by their exact names, and makes those that do not exist. */
@Injectable()
export class EnsureTags {
  /** A project keeps its id and is asked for with every upload. */
  private readonly projects = new Map<string, Types.ObjectId>();

  constructor(
    private readonly tags: TagRepository,
    private readonly bus: Bus,
  ) {}

  async execute(
    workspace: string,
    request: { projectId?: string | undefined; names: readonly string[] },
  ): Promise<{ tags: TagReference[] }> {
    const names = checkTagNames(request.names);
    if (names.length === 0) return { tags: [] };
    const project = await this.projectId(workspace, request.projectId);
    let found = await this.tags.findByNames(workspace, project, names);
    const missing = names.filter((name) => !found.some((tag) => tag.name === name));
    if (missing.length > 0) {
      await this.add(workspace, project, missing);
      found = await this.tags.findByNames(workspace, project, names);
    }
    const byName = new Map(found.map((tag) => [tag.name, tag]));
    return { tags: names.map((name) => byName.get(name) ?? failToFind(name)) };
  }

  private async add(workspace: string, project: Types.ObjectId, names: readonly string[]): Promise<void> {
    const { first } = await this.bus.call(counterContracts.next, { sequence: 'tag', count: names.length });
    const createdAt = new Date();
    await this.tags.addMissing(names.map((name, i) => ({ workspace, project, number: first + i, name, createdAt })));
  }

  private async projectId(workspace: string, id: string | undefined): Promise<Types.ObjectId> {
    const key = `${workspace}/${id ?? ''}`;
    const known = this.projects.get(key);
    if (known) return known;
    const { project } = await this.bus.call(projectContracts.resolve, { ...(id === undefined ? {} : { id }) });
    const found = toObjectId(project, 'project');
    this.projects.set(key, found);
    return found;
  }
}

/** Left out, the tag would be missing on an image whose upload was acknowledged. */
function failToFind(name: string): never {
  throw new DomainError('UNAVAILABLE', 'A tag vanished while it was looked up; try again.', { name });
}
