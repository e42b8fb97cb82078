import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { counterContracts, type TagReference } from '@pentaprism/contracts';
import { Transactions } from '@pentaprism/database';
import { checkTagNames, DomainError, MAX_TAGS_PER_PROJECT } from '@pentaprism/domain';
import type { Types } from 'mongoose';
import { TagRevisionRepository } from '../adapters/mongo/tag-revision.repository.js';
import { TagRepository } from '../adapters/mongo/tag.repository.js';
import { Projects } from './projects.js';

/** Finds tags by their exact names, and makes those that do not exist. */
@Injectable()
export class EnsureTags {
  constructor(
    private readonly tags: TagRepository,
    private readonly revisions: TagRevisionRepository,
    private readonly projects: Projects,
    private readonly transactions: Transactions,
    private readonly bus: Bus,
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
    const missing = without(names, found);
    const made = missing.length > 0 ? await this.add(workspace, project, missing) : [];
    const byName = new Map([...found, ...made].map((tag) => [tag.name, tag]));
    return { tags: names.flatMap((name) => byName.get(name) ?? []) };
  }

  /** Those of these names that another client has made in the meantime are found, the others made. */
  private async add(workspace: string, project: Types.ObjectId, names: readonly string[]): Promise<TagReference[]> {
    // Outside of the transaction: numbers that are not used are left out, and none is given twice.
    const { first } = await this.bus.call(counterContracts.next, { sequence: 'tag', count: names.length });
    await this.revisions.prepare(workspace, project);
    return this.transactions.runInTurn([`${workspace}/${project.toHexString()}`], async (session) => {
      const { total } = await this.revisions.move(session, workspace, project);
      const found = await this.tags.findByNames(workspace, project, names, session);
      const missing = without(names, found);
      if (missing.length === 0) return found;
      if (total + missing.length > MAX_TAGS_PER_PROJECT) throw tooManyTags();
      await this.revisions.count(session, workspace, project, missing.length);
      const createdAt = new Date();
      const drafts = missing.map((name, i) => ({ workspace, project, number: first + i, name, createdAt }));
      return [...found, ...(await this.tags.add(drafts, session))];
    });
  }
}

function without(names: readonly string[], tags: readonly TagReference[]): string[] {
  const known = new Set(tags.map(({ name }) => name));
  return names.filter((name) => !known.has(name));
}

function tooManyTags(): DomainError {
  return new DomainError('FAILED_PRECONDITION', `A project has at most ${MAX_TAGS_PER_PROJECT} tags.`, {
    limit: MAX_TAGS_PER_PROJECT,
  });
}
