import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { imageContracts, tagChanged, type TagChange, type TagReference } from '@pentaprism/contracts';
import { Outbox, Transactions } from '@pentaprism/database';
import { checkTagName, DomainError } from '@pentaprism/domain';
import type { ClientSession, Types } from 'mongoose';
import { TagRevisionRepository } from '../adapters/mongo/tag-revision.repository.js';
import { TagRepository, toReference, type TagDocument, type TagKey } from '../adapters/mongo/tag.repository.js';
import { Projects } from './projects.js';

interface TagOf {
  readonly projectId?: string | undefined;
  readonly tag: TagKey;
}

/**
 * Renames and deletes tags. The change and the fact of it are one transaction; then the catalog is asked to bring it to
 * the images, so that the client finds it there when it is answered. If that fails, the fact does it later.
 */
@Injectable()
export class ChangeTag {
  constructor(
    private readonly tags: TagRepository,
    private readonly revisions: TagRevisionRepository,
    private readonly projects: Projects,
    private readonly transactions: Transactions,
    private readonly outbox: Outbox,
    private readonly bus: Bus,
  ) {}

  /** @throws DomainError NOT_FOUND; CONFLICT when another tag has the name */
  async rename(workspace: string, { projectId, tag: key, name }: TagOf & { name: string }): Promise<TagReference> {
    checkTagName(name);
    const project = await this.projects.resolve(workspace, projectId);
    const { tag, revision } = await this.inTurn(workspace, project, key, async (session, next) => {
      const tag = await this.tags.get(workspace, project, key, session);
      // Asked for again, perhaps since the answer was lost: the images may still have to learn of it.
      if (tag.name === name) return { tag, revision: tag.revision };
      const [other] = await this.tags.findByNames(workspace, project, [name], session);
      if (other) throw new DomainError('CONFLICT', 'Another tag has this name.', { field: 'name' });
      await this.tags.rename(tag, name, next, session);
      await this.announce(session, { ...tag, name }, name, next);
      return { tag: { ...tag, name }, revision: next };
    });
    if (revision !== undefined) await this.apply(changeOf(tag, name, revision));
    return toReference(tag);
  }

  /** @throws DomainError NOT_FOUND, also the second time */
  async delete(workspace: string, { projectId, tag: key }: TagOf): Promise<void> {
    const project = await this.projects.resolve(workspace, projectId);
    const { tag, revision } = await this.inTurn(workspace, project, key, async (session, next) => {
      const tag = await this.tags.get(workspace, project, key, session);
      await this.tags.remove(tag, session);
      await this.revisions.count(session, workspace, project, -1);
      await this.announce(session, tag, null, next);
      return { tag, revision: next };
    });
    await this.apply(changeOf(tag, null, revision));
  }

  private async inTurn<T>(
    workspace: string,
    project: Types.ObjectId,
    key: TagKey,
    change: (session: ClientSession, revision: number) => Promise<T>,
  ): Promise<T> {
    // Outside of the transaction: what does not exist must not make everybody read the tags again.
    await this.tags.get(workspace, project, key);
    await this.revisions.prepare(workspace, project);
    return this.transactions.runInTurn([`${workspace}/${project.toHexString()}`], async (session) => {
      const { revision } = await this.revisions.move(session, workspace, project);
      return change(session, revision);
    });
  }

  private announce(session: ClientSession, tag: TagDocument, name: string | null, revision: number): Promise<void> {
    return this.outbox.add(session, tagChanged, changeOf(tag, name, revision), tag.workspace);
  }

  private async apply(change: TagChange): Promise<void> {
    this.outbox.flush();
    await this.bus.call(imageContracts.applyTag, change);
  }
}

function changeOf({ _id, project }: TagDocument, name: string | null, revision: number): TagChange {
  return { tagId: _id.toHexString(), projectId: project.toHexString(), name, revision };
}
