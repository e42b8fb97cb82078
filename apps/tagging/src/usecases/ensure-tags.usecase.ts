import { Injectable } from '@nestjs/common';
import type { TagReference } from '@pentaprism/contracts';
import { checkTagNames } from '@pentaprism/domain';
import type { Types } from 'mongoose';
import { TagRepository } from '../adapters/mongo/tag.repository.js';
import { NewTags } from './new-tags.js';
import { Projects } from './projects.js';

/** Finds tags by their exact names, and makes those that do not exist. */
@Injectable()
export class EnsureTags {
  constructor(
    private readonly tags: TagRepository,
    private readonly newTags: NewTags,
    private readonly projects: Projects,
  ) {}

  /** @throws DomainError FAILED_PRECONDITION when the project has as many tags as it may */
  async execute(
    workspace: string,
    request: { projectId?: string | undefined; names: readonly string[] },
  ): Promise<{ tags: TagReference[] }> {
    const names = checkTagNames(request.names);
    if (names.length === 0) return { tags: [] };
    const project = await this.projects.resolve(workspace, request.projectId);
    const found = await this.tags.findByNames(workspace, project, names);
    const known = new Set(found.map(({ name }) => name));
    const missing = names.filter((name) => !known.has(name));
    const made = missing.length > 0 ? await this.add(workspace, project, missing) : [];
    const byName = new Map([...found, ...made].map((tag) => [tag.name, tag]));
    return { tags: names.flatMap((name) => byName.get(name) ?? []) };
  }

  /** Those of these names that another client has made in the meantime are found, the others made. */
  private async add(workspace: string, project: Types.ObjectId, names: readonly string[]): Promise<TagReference[]> {
    const { found, made } = await this.newTags.add(
      workspace,
      project,
      names.map((name) => ({ name })),
    );
    return [...found, ...made.map(({ id, number, name }) => ({ id, number, name }))];
  }
}
