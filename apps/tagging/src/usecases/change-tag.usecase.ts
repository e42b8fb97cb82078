import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { imageContracts, tagChanged, type TagChange, type TagDetails } from '@pentaprism/contracts';
import { Outbox, Transactions } from '@pentaprism/database';
import { checkTagName, DomainError, type TagType } from '@pentaprism/domain';
import type { ClientSession, Types } from 'mongoose';
import { TagRevisionRepository } from '../adapters/mongo/tag-revision.repository.js';
import {
  TagRepository,
  toDetails,
  type TagChanges,
  type TagDocument,
  type TagKey,
} from '../adapters/mongo/tag.repository.js';
import { Projects } from './projects.js';

/** Members that are given are changed. */
interface Changes {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly type?: TagType | undefined;
}

interface TagOf {
  readonly projectId?: string | undefined;
  readonly tag: TagKey;
}

/**
 * Changes and deletes tags. A new name or an end, and the fact of it, are one transaction; then the catalog is asked to
 * bring it to the images, so that the client finds it there when it is answered. If that fails, the fact does it later.
 * Images know nothing of a tag but its name; the catalog knows besides which tags are negative ones.
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

  /**
   * @throws DomainError NOT_FOUND; CONFLICT when another tag has the name; FAILED_PRECONDITION when images carry it beside
   *   others and it is to be a negative one
   */
  async update(workspace: string, { projectId, tag: key, name, ...rest }: TagOf & Changes): Promise<TagDetails> {
    if (name !== undefined) checkTagName(name);
    const project = await this.projects.resolve(workspace, projectId);
    const reserved =
      rest.type === 'negative' && (await this.reserve(await this.tags.get(workspace, project, key), name));
    const tag = await this.inTurn(workspace, project, key, async (session, next) => {
      const tag = await this.tags.get(workspace, project, key, session);
      if (name !== undefined && name !== tag.name) await this.checkName(tag, name, session);
      const changes = { ...given(rest), ...(name === undefined ? {} : { name }) };
      const changed = { ...tag, ...changes };
      // It was one at the first read, and another call has changed that since.
      if (isNegative(changed) && !isNegative(tag) && !reserved)
        throw new DomainError('CONFLICT', 'The tag was changed in the meantime; try again.', { reason: 'changed' });
      if (!isNewsForImages(tag, changed)) {
        if (Object.keys(changes).length > 0) await this.tags.change(tag, changes, session);
        return changed;
      }
      await this.tags.change(tag, { ...changes, revision: next }, session);
      await this.outbox.add(session, tagChanged, changeOf(changed, changed.name, next), workspace);
      return { ...changed, revision: next };
    });
    // Also when it had the name or the type already: asked for again, perhaps since the answer was lost, and the images may
    // still have to learn of it.
    if ((name ?? rest.type) !== undefined && tag.revision !== undefined)
      await this.apply(changeOf(tag, tag.name, tag.revision));
    return toDetails(tag);
  }

  /** @throws DomainError NOT_FOUND, also the second time */
  async delete(workspace: string, { projectId, tag: key }: TagOf): Promise<void> {
    const project = await this.projects.resolve(workspace, projectId);
    const { tag, revision } = await this.inTurn(workspace, project, key, async (session, next) => {
      const tag = await this.tags.get(workspace, project, key, session);
      await this.tags.remove(tag, session);
      await this.revisions.count(session, workspace, project, -1);
      await this.outbox.add(session, tagChanged, changeOf(tag, null, next), workspace);
      return { tag, revision: next };
    });
    await this.apply(changeOf(tag, null, revision));
  }

  /**
   * Before the transaction, which cannot ask. What is reserved and not used ends by itself, some minutes later.
   *
   * @returns whether it had to be
   */
  private async reserve(tag: TagDocument, newName: string | undefined): Promise<boolean> {
    if (isNegative(tag)) return false;
    if (newName !== undefined && newName !== tag.name) await this.checkName(tag, newName);
    const { _id, project, name } = tag;
    const reserved = { tagId: _id.toHexString(), projectId: project.toHexString(), name };
    await this.bus.call(imageContracts.reserveNegativeTag, reserved);
    return true;
  }

  /** @throws DomainError CONFLICT */
  private async checkName(tag: TagDocument, name: string, session?: ClientSession): Promise<void> {
    const [other] = await this.tags.findByNames(tag.workspace, tag.project, [name], session);
    if (other) throw new DomainError('CONFLICT', 'Another tag has this name.', { field: 'name' });
  }

  private async inTurn<T>(
    workspace: string,
    project: Types.ObjectId,
    key: TagKey,
    change: (session: ClientSession, revision: number) => Promise<T>,
  ): Promise<T> {
    // Outside of the transaction: an unknown tag must not make all caches read the tags again.
    await this.tags.get(workspace, project, key);
    await this.revisions.prepare(workspace, project);
    return this.transactions.runInTurn([`${workspace}/${project.toHexString()}`], async (session) => {
      const { revision } = await this.revisions.move(session, workspace, project);
      return change(session, revision);
    });
  }

  private async apply(change: TagChange): Promise<void> {
    this.outbox.flush();
    await this.bus.call(imageContracts.applyTag, change);
  }
}

function given({ description, type }: Changes): TagChanges {
  return { ...(description === undefined ? {} : { description }), ...(type === undefined ? {} : { type }) };
}

/** Whether the catalog has to learn of a change: it knows names, and which tags are negative. */
function isNewsForImages(before: TagDocument, after: TagDocument): boolean {
  return before.name !== after.name || isNegative(before) !== isNegative(after);
}

function isNegative({ type }: TagDocument): boolean {
  return type === 'negative';
}

/** Tags that were made by their names alone have no type, and catalogs of earlier versions do not know of it. */
function changeOf(tag: TagDocument, name: string | null, revision: number): TagChange {
  const { _id, project, type } = tag;
  const change = { tagId: _id.toHexString(), projectId: project.toHexString(), name, revision };
  return type === undefined ? change : { ...change, negative: isNegative(tag) };
}
