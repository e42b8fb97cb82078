import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { TagChange } from '@pentaprism/contracts';
import { isDuplicateKey } from '@pentaprism/database';
import { DomainError } from '@pentaprism/domain';
import { Schema, trusted, Types, type ClientSession, type Model } from 'mongoose';
import type { ImageDocument } from './image.schema.js';

/** What has become of a tag that was renamed or deleted. Tags that never changed have none. */
export interface TagStateDocument {
  /** The tag. */
  _id: Types.ObjectId;
  workspace: string;
  /** Null: deleted. */
  name: string | null;
  /** Of the latest change that is known here. */
  revision: number;
  /** Whether that change has reached every image. */
  applied: boolean;
  removedAt: Date | null;
}

export const TAG_STATE_MODEL = 'TagState';

/** Seconds: longer than facts are kept (a week), so that no old one can come after its tag's tombstone is gone. */
const TOMBSTONE_SECONDS = 30 * 24 * 3600;

export const tagStateSchema = new Schema<TagStateDocument>(
  {
    _id: { type: Schema.Types.ObjectId, required: true },
    workspace: { type: String, required: true },
    name: { type: String, default: null },
    revision: { type: Number, required: true },
    applied: { type: Boolean, required: true },
    removedAt: { type: Date, default: null },
  },
  { collection: 'tag_states', versionKey: false },
);
// Dates only expire: the state of a tag that lives is kept, one small document for each that was ever renamed.
tagStateSchema.index({ removedAt: 1 }, { expireAfterSeconds: TOMBSTONE_SECONDS });

type Tags = ImageDocument['tags'];

/**
 * Tombstones and new names of tags. Images embed their tags, and an image is given tags that were looked up some time ago
 * in another service. Since then one of them may have been renamed or deleted, and an image must not keep what is gone.
 *
 * 1. Whoever gives tags to an image reads their states in the transaction that does it (`of`), and notes a change in
 *    one slot of the project's counts, as every change of an image does.
 * 2. Whoever brings the news of a tag writes its state first, then writes to all slots (`ImageCountRepository.fence`),
 *    and only then walks through the images that carry the tag.
 *
 * A transaction that began after the state was written reads it. One that began before writes a slot either before the
 * fence does: then the fence waits for its end, and the walk sees its image. Or after the fence: then it conflicts with
 * a write that it cannot see, is run again, and reads the state. So no image is missed, whoever comes first, without a
 * lock that additions would have to take. A process that dies in the middle leaves the fact, which does all of it again.
 */
@Injectable()
export class TagStateRepository {
  constructor(@InjectModel(TAG_STATE_MODEL) private readonly states: Model<TagStateDocument>) {}

  /**
   * What is known of tags that images are about to be given: part of the transaction that does it, which also notes a
   * change of the project's counts. Costs one look-up for all images of the transaction, and none without tags.
   */
  async of(workspace: string, tags: Tags, session: ClientSession): Promise<TagStates> {
    if (tags.length === 0) return new TagStates([]);
    const ids = [...new Map(tags.map(({ id }) => [id.toHexString(), id])).values()];
    return new TagStates(await this.states.find({ _id: trusted({ $in: ids }), workspace }, null, { session }).lean());
  }

  /** Remembers a change, unless a later one of the same tag is known; gives back the latest. */
  async record(workspace: string, { tagId, name, revision }: TagChange): Promise<TagStateDocument> {
    const _id = new Types.ObjectId(tagId);
    const removedAt = name === null ? new Date() : null;
    try {
      await this.states.updateOne(
        { _id, workspace, revision: trusted({ $lt: revision }) },
        { $set: { name, revision, applied: false, removedAt } },
        { upsert: true },
      );
    } catch (error) {
      // There is a state which is not older: the filter misses it, and the id is taken.
      if (!isDuplicateKey(error)) throw error;
    }
    const state = await this.states.findOne({ _id, workspace }).lean();
    if (!state) throw new DomainError('UNAVAILABLE', 'The state of a tag vanished; try again.');
    return state;
  }

  async get(workspace: string, tag: Types.ObjectId, session: ClientSession): Promise<TagStateDocument | null> {
    return this.states.findOne({ _id: tag, workspace }, null, { session }).lean();
  }

  /** Every image knows of this revision. A later one is left as it is. */
  async setApplied(workspace: string, { _id, revision }: TagStateDocument): Promise<void> {
    await this.states.updateOne({ _id, workspace, revision }, { $set: { applied: true } });
  }
}

/** The states of some tags, at one moment. */
export class TagStates {
  private readonly byId: ReadonlyMap<string, TagStateDocument>;

  constructor(states: readonly TagStateDocument[]) {
    this.byId = new Map(states.map((state) => [state._id.toHexString(), state]));
  }

  /**
   * @throws DomainError CONFLICT when one of these tags was deleted or got another name since it was looked up; the
   *   caller looks the names up again
   */
  check(tags: Tags): void {
    for (const { id, name } of tags) {
      const state = this.byId.get(id.toHexString());
      if (state && state.name !== name)
        throw new DomainError('CONFLICT', 'A tag was changed in the meantime; try again.', { field: 'tags' });
    }
  }
}
