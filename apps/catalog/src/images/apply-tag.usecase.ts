import { Injectable } from '@nestjs/common';
import type { TagChange } from '@pentaprism/contracts';
import { toObjectId, Transactions } from '@pentaprism/database';
import type { Types } from 'mongoose';
import { ImageCountRepository } from '../projects/image-count.repository.js';
import { ImageTagRepository, type TaggedImage } from './image-tag.repository.js';
import { conflictingTags, TagStateRepository } from './tag-state.repository.js';

/** Images that one transaction changes: some tens of milliseconds, so that it neither blocks uploads nor runs out of time. */
export const APPLY_BATCH = 500;

/**
 * Brings the news of a tag, its new name or its end, to every image that carries it. Called by tagging before it answers
 * its client, and once more with the fact, in case a process died in between: whatever was done before is done again,
 * and changes nothing.
 */
@Injectable()
export class ApplyTag {
  /** The last run for each tag: the call and the fact come together, and the second finds everything done. */
  private readonly turns = new Map<string, Promise<void>>();

  constructor(
    private readonly states: TagStateRepository,
    private readonly images: ImageTagRepository,
    private readonly counts: ImageCountRepository,
    private readonly transactions: Transactions,
  ) {}

  async execute(workspace: string, change: TagChange): Promise<void> {
    const before = this.turns.get(change.tagId) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(() => this.apply(workspace, change));
    this.turns.set(change.tagId, mine);
    try {
      await mine;
    } finally {
      if (this.turns.get(change.tagId) === mine) this.turns.delete(change.tagId);
    }
  }

  /**
   * Reserves a tag that is about to become a negative one. Which images carry it beside others is certain behind the fence
   * only: earlier calls that gave it to an image have ended, and later ones read the reservation.
   * @throws DomainError FAILED_PRECONDITION when one does
   */
  async reserveNegative(workspace: string, tag: { tagId: string; projectId: string; name: string }): Promise<void> {
    const project = toObjectId(tag.projectId, 'project');
    const id = toObjectId(tag.tagId, 'tag');
    // Most tags that cannot become negative are found here, without holding up calls that give tags.
    if (await this.images.isBesideOthers(workspace, project, id)) throw conflictingTags();
    const until = await this.states.reserve(workspace, tag);
    await this.counts.fence(workspace, project);
    if (!(await this.images.isBesideOthers(workspace, project, id))) return;
    await this.states.release(workspace, tag.tagId, until);
    throw conflictingTags();
  }

  /** The order matters: `TagStateRepository` says why no image is missed. */
  private async apply(workspace: string, change: TagChange): Promise<void> {
    const project = toObjectId(change.projectId, 'project');
    const state = await this.states.record(workspace, change);
    if (state.applied) return;
    await this.counts.fence(workspace, project);
    let last: TaggedImage | undefined;
    for (;;) {
      const batch = await this.images.carrying(workspace, project, state._id, { after: last, limit: APPLY_BATCH });
      if (batch.length > 0) await this.applyTo(workspace, project, state._id, batch);
      if (batch.length < APPLY_BATCH) break;
      last = batch.at(-1);
    }
    await this.states.setApplied(workspace, state);
  }

  /** What the images learn is what is known at this moment: of two changes at once, the later one wins on every image. */
  private async applyTo(workspace: string, project: Types.ObjectId, tag: Types.ObjectId, batch: TaggedImage[]) {
    await this.transactions.run(async (session) => {
      const state = await this.states.get(workspace, tag, session);
      if (!state) return;
      const changed = await this.images.apply(workspace, batch, { id: tag, name: state.name }, session);
      if (changed > 0) await this.counts.note(workspace, project, [], session);
    });
  }
}
