import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { TagChange, TagReference } from '@pentaprism/contracts';
import { isDuplicateKey } from '@pentaprism/database';
import { DomainError, systemDate, systemNow } from '@pentaprism/domain';
import { Schema, trusted, Types, type ClientSession, type Model } from 'mongoose';

/** What is known of a tag that was changed or deleted, or is a negative one. Others have none. */
export interface TagStateDocument {
  /** The tag. */
  _id: Types.ObjectId;
  workspace: string;
  /** Null: deleted. */
  name: string | null;
  /** Of the latest change that is known here; 0: none is. */
  revision: number;
  /** Whether that change has reached every image. */
  applied: boolean;
  removedAt: Date | null;
  /** Whether it may not stand beside other tags. Absent: not known yet. */
  negative?: boolean;
  /** Until then it is kept off images with other tags, since tagging is about to make it a negative one. */
  reservedUntil?: Date;
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
    negative: Boolean,
    reservedUntil: Date,
  },
  { collection: 'tag_states', versionKey: false },
);
// Dates only expire: the state of a tag that lives is kept, one small document for each that was ever renamed or a negative one.
tagStateSchema.index({ removedAt: 1 }, { expireAfterSeconds: TOMBSTONE_SECONDS });

/**
 * Milliseconds that a tag is reserved: longer than tagging's call can take that makes it a negative one, by so much that
 * clocks which differ by a minute do not matter.
 */
export const RESERVATION_MS = 180_000;

/**
 * Tombstones and new names of tags. Images embed their tags, and an image is given tags that were looked up some time ago
 * in another service. Since then one of them may have been renamed or deleted, and an image must not keep what is gone.
 *
 * 1. A call that gives tags to an image reads their states in the transaction that does it (`of`), and notes a change in
 *    one slot of the project's counts, as every change of an image does.
 * 2. A call that applies a change of a tag writes its state first, then writes to all slots (`ImageCountRepository.fence`),
 *    and only then walks through the images that carry the tag.
 *
 * A transaction that began after the state was written reads it. One that began before writes a slot either before the
 * fence does: then the fence waits for its end, and the walk sees its image. Or after the fence: then it conflicts with
 * a write that it cannot see, is run again, and reads the state. So no image is missed in either order, without a
 * lock that additions would have to take. A process that dies in the middle leaves the fact, which does all of it again.
 *
 * A negative tag stands alone on its images. Who gives one to an image says so, and the state remembers it from that
 * transaction on: a call that gives the image another tag reads the states of those that it carries. Both write the image, so
 * that one of two at once runs again and finds what the other did. A tag that becomes negative later is reserved first,
 * behind the same fence: only then is it known for good which images carry it, and the change is refused if one of them
 * carries others too.
 *
 * What remains: images that were given a negative tag by an earlier version, which wrote no state, until one more image
 * gets the tag or its type changes; and a change of type whose call is stuck for longer than the reservation.
 */
@Injectable()
export class TagStateRepository {
  constructor(@InjectModel(TAG_STATE_MODEL) private readonly states: Model<TagStateDocument>) {}

  /**
   * What is known of tags that images are about to be given: part of the transaction that does it, which also notes a
   * change of the project's counts. Costs one look-up for all images of the transaction, and none without tags.
   */
  async of(workspace: string, tagIds: Iterable<string>, session: ClientSession): Promise<TagStates> {
    const ids = [...new Set(tagIds)].map((id) => new Types.ObjectId(id));
    if (ids.length === 0) return new TagStates([]);
    return new TagStates(await this.states.find({ _id: trusted({ $in: ids }), workspace }, null, { session }).lean());
  }

  /** Remembers which of the tags that images are given are negative ones; part of the same transaction. */
  async learn(
    workspace: string,
    given: readonly TagReference[],
    states: TagStates,
    session: ClientSession,
  ): Promise<void> {
    const news = new Map(given.filter((tag) => states.isNews(tag)).map(({ id, name }) => [id, name]));
    for (const [id, name] of news)
      await this.states.updateOne(
        { _id: new Types.ObjectId(id), workspace },
        { $set: { negative: true }, $setOnInsert: { name, revision: 0, applied: true, removedAt: null } },
        { session, upsert: true },
      );
  }

  /** For a while, no call can give the tag to an image with others, or others to an image with this one. */
  async reserve(workspace: string, { tagId, name }: { tagId: string; name: string }): Promise<Date> {
    const until = new Date(systemNow() + RESERVATION_MS);
    await this.states.updateOne(
      { _id: new Types.ObjectId(tagId), workspace },
      { $max: { reservedUntil: until }, $setOnInsert: { name, revision: 0, applied: true, removedAt: null } },
      { upsert: true },
    );
    return until;
  }

  /** Ends a reservation, unless there is a later one. */
  async release(workspace: string, tagId: string, until: Date): Promise<void> {
    const filter = { _id: new Types.ObjectId(tagId), workspace, reservedUntil: until };
    await this.states.updateOne(filter, { $unset: { reservedUntil: 1 } });
  }

  /** Remembers a change, unless a later one of the same tag is known; gives back the latest. */
  async record(workspace: string, { tagId, name, revision, negative }: TagChange): Promise<TagStateDocument> {
    const _id = new Types.ObjectId(tagId);
    const removedAt = name === null ? systemDate() : null;
    try {
      await this.states.updateOne(
        { _id, workspace, revision: trusted({ $lt: revision }) },
        {
          $set: { name, revision, applied: false, removedAt, ...(negative === undefined ? {} : { negative }) },
          // What it was reserved for has come. Other news may be from before: a new name that was on its way.
          ...(negative ? { $unset: { reservedUntil: 1 } } : {}),
        },
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
   * @throws DomainError CONFLICT when one of these tags was deleted, got another name, or became a negative one or none
   *   since it was looked up; the caller looks the tags up again
   */
  check(given: readonly TagReference[]): void {
    for (const { id, name, negative = false } of given) {
      const state = this.byId.get(id);
      if (state && (state.name !== name || (state.negative ?? negative) !== negative))
        throw new DomainError('CONFLICT', 'A tag was changed in the meantime; try again.', { field: 'tags' });
    }
  }

  /** Whether these may not stand on one image. */
  conflict(tags: readonly Pick<TagReference, 'id' | 'negative'>[], now = systemDate()): boolean {
    return tags.length > 1 && tags.some((tag) => this.isNegative(tag, now));
  }

  /** Whether it is a negative tag whose state does not say so yet. */
  isNews({ id, negative = false }: TagReference): boolean {
    return negative && this.byId.get(id)?.negative === undefined;
  }

  private isNegative({ id, negative = false }: Pick<TagReference, 'id' | 'negative'>, now: Date): boolean {
    const state = this.byId.get(id);
    return (state?.negative ?? negative) || (state?.reservedUntil !== undefined && state.reservedUntil > now);
  }
}

/** The refusal of tags that may not stand together. */
export function conflictingTags(details: object = {}): DomainError {
  return new DomainError('FAILED_PRECONDITION', 'A negative tag cannot stand beside another tag of an image.', {
    reason: 'negative-tag',
    ...details,
  });
}
