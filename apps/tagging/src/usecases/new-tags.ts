import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { counterContracts, type TagDetails, type TagReference } from '@pentaprism/contracts';
import { Transactions } from '@pentaprism/database';
import { DomainError, MAX_TAGS_PER_PROJECT, systemDate } from '@pentaprism/domain';
import type { Types } from 'mongoose';
import { TagRevisionRepository } from '../adapters/mongo/tag-revision.repository.js';
import { TagRepository, type TagDocument } from '../adapters/mongo/tag.repository.js';

/** Its name is checked. Without a description and a type it is one that was made by its name alone. */
export type TagDraft = Pick<TagDocument, 'name' | 'description' | 'type'>;

/** Writes tags, each name once in a project. */
@Injectable()
export class NewTags {
  constructor(
    private readonly tags: TagRepository,
    private readonly revisions: TagRevisionRepository,
    private readonly transactions: Transactions,
    private readonly bus: Bus,
  ) {}

  /**
   * All of the missing ones or none.
   * @returns `found`: those whose names have been taken in the meantime
   * @throws DomainError FAILED_PRECONDITION when the project has as many tags as it may; NOT_FOUND when it is gone
   */
  async add(
    workspace: string,
    project: Types.ObjectId,
    tags: readonly TagDraft[],
  ): Promise<{ found: TagReference[]; made: TagDetails[] }> {
    // Outside of the transaction: numbers that are not used are left out, and none is given twice.
    const { first } = await this.bus.call(counterContracts.next, { sequence: 'tag', count: tags.length });
    await this.revisions.prepare(workspace, project);
    return this.transactions.runInTurn([`${workspace}/${project.toHexString()}`], async (session) => {
      const { total } = await this.revisions.move(session, workspace, project);
      const names = tags.map(({ name }) => name);
      const found = await this.tags.findByNames(workspace, project, names, session);
      const taken = new Set(found.map(({ name }) => name));
      const missing = tags.filter(({ name }) => !taken.has(name));
      if (missing.length === 0) return { found, made: [] };
      if (total + missing.length > MAX_TAGS_PER_PROJECT) throw tooManyTags();
      await this.revisions.count(session, workspace, project, missing.length);
      const createdAt = systemDate();
      const documents = missing.map((tag, i) => ({ workspace, project, number: first + i, ...tag, createdAt }));
      return { found, made: await this.tags.add(documents, session) };
    });
  }
}

function tooManyTags(): DomainError {
  return new DomainError('FAILED_PRECONDITION', `A project has at most ${MAX_TAGS_PER_PROJECT} tags.`, {
    limit: MAX_TAGS_PER_PROJECT,
  });
}
