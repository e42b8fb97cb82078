import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { ContentReference } from '@pentaprism/contracts';
import { systemDate } from '@pentaprism/domain';
import { trusted, Types, type ClientSession, type Model, type QueryFilter } from 'mongoose';
import type { ContentAnalysis } from './analysis-writer.js';
import { CONTENT_MODEL, DERIVED_PICTURES, type ContentDocument } from './content.schema.js';

/** Hashes by which contents are compared. */
export interface ContentHashes {
  readonly sha256: string;
  readonly perceptualHash: string;
  readonly pixelDigest?: string | null;
}

export interface ContentReferral {
  readonly state: Exclude<ContentDocument['state'], 'unseen'>;
  /** Nobody has looked at it yet, or is about to. */
  readonly isNew: boolean;
}

const PICTURE_FIELDS = {
  _id: 0,
  sha256: 1,
  size: 1,
  mediaType: 1,
  format: 1,
  width: 1,
  height: 1,
  thumbnail: 1,
  resized: 1,
} as const;
/** Bytes that are a picture, and what is shown of it. */
export type PictureContent = Required<
  Pick<ContentDocument, 'sha256' | 'size' | 'mediaType' | 'format' | 'width' | 'height' | 'thumbnail'>
> &
  Pick<ContentDocument, 'resized'>;

/** Which orphans are due: since when they must have been ones. */
export interface OrphanAges {
  readonly before: Date;
  readonly transientBefore: Date;
}

@Injectable()
export class ContentRepository {
  constructor(@InjectModel(CONTENT_MODEL) private readonly contents: Model<ContentDocument>) {}

  /** Returns the hashes of those of the contents that are decoded, in no order. */
  async perceptualHashes(workspace: string, hashes: readonly string[]): Promise<ContentHashes[]> {
    return this.contents.collection
      .find<ContentHashes>(
        { workspace, sha256: { $in: [...hashes] }, state: 'decoded', perceptualHash: { $type: 'string' } },
        { projection: { _id: 0, sha256: 1, perceptualHash: 1, pixelDigest: 1 } },
      )
      .toArray();
  }

  /** As `referAll`, for one image. */
  async refer(workspace: string, content: ContentReference, session: ClientSession): Promise<ContentReferral> {
    const referral = (await this.referAll(workspace, [content], session)).get(content.sha256);
    if (!referral) throw new Error('a content was not noted');
    return referral;
  }

  /**
   * Notes that images point to these bytes, which may be the same for several of them. Returns the state of each, by
   * its sha256, and whether it is new and needs analysis.
   */
  async referAll(
    workspace: string,
    contents: readonly ContentReference[],
    session: ClientSession,
  ): Promise<Map<string, ContentReferral>> {
    const distinct = new Map(contents.map((content) => [content.sha256, content]));
    if (distinct.size === 0) return new Map();
    const collection = this.contents.collection;
    const known = await collection
      .find<Pick<ContentDocument, 'sha256' | 'state' | 'orphanedAt'>>(
        { workspace, sha256: { $in: [...distinct.keys()] } },
        { session, projection: { _id: 0, sha256: 1, state: 1, orphanedAt: 1 } },
      )
      .toArray();
    const seen = known.flatMap(({ sha256, state, orphanedAt }) =>
      state === 'unseen' ? [] : [{ sha256, state, orphanedAt }],
    );
    // An orphan must not be collected. The end of an analysis must be met: it tells the images that it sees, and would
    // miss the one that is being added.
    const written = seen.filter(({ state, orphanedAt }) => state === 'pending' || orphanedAt !== null);
    if (written.length > 0)
      await collection.updateMany(
        { workspace, sha256: { $in: written.map(({ sha256 }) => sha256) } },
        { $set: { orphanedAt: null }, $inc: { revision: 1 } },
        { session },
      );
    const referrals = new Map<string, ContentReferral>(
      seen.map(({ sha256, state }) => [sha256, { state, isNew: false }]),
    );
    const unseen = known.flatMap(({ sha256, state }) => (state === 'unseen' ? sha256 : []));
    if (unseen.length > 0)
      await collection.updateMany(
        { workspace, sha256: { $in: unseen } },
        { $set: { state: 'pending', orphanedAt: null }, $inc: { revision: 1 } },
        { session },
      );
    for (const { sha256 } of known) distinct.delete(sha256);
    const added = [...distinct.values()];
    await this.insert(workspace, added, 'pending', session);
    for (const sha256 of [...unseen, ...added.map(({ sha256 }) => sha256)])
      referrals.set(sha256, { state: 'pending', isNew: true });
    return referrals;
  }

  /** Notes that an image was made of these bytes, whose own pixels nobody needs. */
  async referUnseen(workspace: string, content: ContentReference, session: ClientSession): Promise<void> {
    const { sha256 } = content;
    const known = await this.contents.collection.findOneAndUpdate(
      { workspace, sha256 },
      { $set: { orphanedAt: null }, $inc: { revision: 1 } },
      { session, projection: { _id: 1 } },
    );
    if (!known) await this.insert(workspace, [content], 'unseen', session);
  }

  private async insert(
    workspace: string,
    contents: readonly ContentReference[],
    state: ContentDocument['state'],
    session: ClientSession,
    orphanedAt: Date | null = null,
  ): Promise<void> {
    if (contents.length === 0) return;
    const createdAt = systemDate();
    await this.contents.collection.insertMany(
      contents.map(({ sha256, size, mediaType }) => ({
        workspace,
        sha256,
        size,
        mediaType,
        state,
        createdAt,
        orphanedAt,
        ...(orphanedAt ? { transient: true } : {}),
        revision: 0,
      })),
      { session },
    );
  }

  /**
   * Notes that bytes are to be looked at before an image points to them, and that nobody points to them from `until` on.
   * Gives back which of them need an analysis that nobody has begun.
   */
  async noteAwaited(
    workspace: string,
    contents: readonly ContentReference[],
    until: Date,
    session: ClientSession,
  ): Promise<ContentReference[]> {
    const hashes = contents.map(({ sha256 }) => sha256);
    const known = await this.states(workspace, hashes, session);
    // A caller comes for these bytes: they must not be collected between the answer and the image.
    await this.contents.collection.updateMany(
      { workspace, sha256: { $in: hashes }, orphanedAt: { $type: 'date', $lt: until } },
      { $set: { orphanedAt: until }, $inc: { revision: 1 } },
      { session },
    );
    const unseen = hashes.filter((sha256) => known.get(sha256) === 'unseen');
    if (unseen.length > 0)
      await this.contents.collection.updateMany(
        { workspace, sha256: { $in: unseen } },
        { $set: { state: 'pending' }, $inc: { revision: 1 } },
        { session },
      );
    const added = contents.filter(({ sha256 }) => !known.has(sha256));
    await this.insert(workspace, added, 'pending', session, until);
    return contents.filter(({ sha256 }) => !known.has(sha256) || known.get(sha256) === 'unseen');
  }

  /** What is known of bytes, by their sha256. */
  async states(
    workspace: string,
    hashes: readonly string[],
    session?: ClientSession,
  ): Promise<Map<string, ContentDocument['state']>> {
    const found = await this.contents.collection
      .find<Pick<ContentDocument, 'sha256' | 'state'>>(
        { workspace, sha256: { $in: [...hashes] } },
        { ...(session ? { session } : {}), projection: { _id: 0, sha256: 1, state: 1 } },
      )
      .toArray();
    return new Map(found.map(({ sha256, state }) => [sha256, state]));
  }

  /** Makes records of bytes that have none, so that they are removed soon; gives back the others. */
  async discardUnknown(
    workspace: string,
    contents: readonly ContentReference[],
    session: ClientSession,
  ): Promise<ContentReference[]> {
    const known = await this.states(
      workspace,
      contents.map(({ sha256 }) => sha256),
      session,
    );
    const unknown = contents.filter(({ sha256 }) => !known.has(sha256));
    await this.insert(workspace, unknown, 'unseen', session, systemDate());
    return contents.filter(({ sha256 }) => known.has(sha256));
  }

  /** Notes that no image points to these bytes. Those of which this was known keep the time from which it is so. */
  async discard(workspace: string, hashes: readonly string[], session: ClientSession): Promise<void> {
    const these = { workspace, sha256: { $in: [...hashes] } };
    const orphan = { ...these, orphanedAt: { $type: 'date' as const } };
    const $inc = { revision: 1 };
    await this.contents.collection.updateMany(orphan, { $set: { transient: true }, $inc }, { session });
    const mark = { orphanedAt: systemDate(), transient: true };
    await this.contents.collection.updateMany({ ...these, orphanedAt: null }, { $set: mark, $inc }, { session });
  }

  /**
   * Notes that images do not point to these bytes any more, and that none points to orphans. Always a write: of two
   * images that are deleted at once, each would otherwise take the other for the one that is left.
   */
  async release(
    workspace: string,
    released: { kept: readonly string[]; orphans: readonly string[]; transientOrphans: readonly string[] },
    session: ClientSession,
  ): Promise<void> {
    const orphanedAt = systemDate();
    const update = async (hashes: readonly string[], $set?: Partial<ContentDocument>) => {
      if (hashes.length === 0) return;
      await this.contents.collection.updateMany(
        { workspace, sha256: { $in: [...hashes] } },
        { $inc: { revision: 1 }, ...($set ? { $set } : {}) },
        { session },
      );
    };
    await update(released.kept);
    await update(released.orphans, { orphanedAt, transient: false });
    await update(released.transientOrphans, { orphanedAt, transient: true });
  }

  /** Takes back the mark if the record is still the orphan that was seen. */
  async adopt({ _id, orphanedAt }: ContentDocument, session: ClientSession): Promise<void> {
    await this.contents.updateOne({ _id, orphanedAt }, { $set: { orphanedAt: null } }, { session });
  }

  async setAnalyses(workspace: string, analyses: readonly ContentAnalysis[], session: ClientSession): Promise<void> {
    const updates = analyses.map(({ sha256, result }) => ({
      updateOne: { filter: { workspace, sha256 }, update: { $set: result } },
    }));
    await this.contents.bulkWrite(updates, { session });
  }

  /** Takes back that bytes are being analysed: the next image of them begins an analysis. */
  async setUnseen(workspace: string, sha256: string, session: ClientSession): Promise<void> {
    const pending = { workspace, sha256, state: 'pending' as const };
    await this.contents.updateOne(pending, { $set: { state: 'unseen' }, $inc: { revision: 1 } }, { session });
  }

  find(workspace: string, sha256: string): Promise<ContentDocument | null> {
    return this.contents.findOne({ workspace, sha256 }).lean();
  }

  findMany(workspace: string, hashes: readonly string[]): Promise<ContentDocument[]> {
    return this.contents.find({ workspace, sha256: trusted({ $in: [...hashes] }) }).lean();
  }

  /** Which of these are known; for the sweeper of all workspaces. */
  async known(workspace: string, hashes: readonly string[]): Promise<Set<string>> {
    const found = await this.contents
      .find({ workspace, sha256: trusted({ $in: [...hashes] }) }, { sha256: 1, _id: 0 })
      .lean();
    return new Set(found.map((content) => content.sha256));
  }

  /** What is needed to show pictures. */
  async findPictures(
    workspace: string,
    hashes: readonly string[],
    session?: ClientSession,
  ): Promise<Map<string, PictureContent>> {
    const found = await this.contents.collection
      .find<PictureContent>(
        { workspace, sha256: { $in: [...hashes] }, state: 'decoded' },
        { ...(session ? { session } : {}), projection: PICTURE_FIELDS, batchSize: hashes.length || 1 },
      )
      .toArray();
    return new Map(found.map((content) => [content.sha256, content]));
  }

  /** Which of these are pictures that were made of contents. */
  async knownDerived(workspace: string, hashes: readonly string[]): Promise<Set<string>> {
    const found = await this.contents
      .find({ workspace, ...hasDerived(hashes) }, { thumbnail: 1, resized: 1, _id: 0 })
      .lean();
    return new Set(found.flatMap(derivedOf));
  }

  /** A content that images point to and that has this picture. */
  findWithDerived(workspace: string, derived: string): Promise<ContentDocument | null> {
    return this.contents.findOne({ workspace, ...hasDerived([derived]), state: 'decoded', orphanedAt: null }).lean();
  }

  /** Whether another content than this one has that picture. */
  async hasDerivedBeside(workspace: string, derived: string, sha256: string): Promise<boolean> {
    const other = { workspace, ...hasDerived([derived]), sha256: trusted({ $ne: sha256 }) };
    return (await this.contents.exists(other)) !== null;
  }

  /** Contents that images point to, in the order of their ids, behind one of them. For the scrub of all workspaces. */
  referredAfter(id: string | null, limit: number): Promise<ContentDocument[]> {
    const behind = id === null ? {} : { _id: trusted({ $gt: new Types.ObjectId(id) }) };
    return this.contents
      .find({ ...behind, orphanedAt: null })
      .sort({ _id: 1 })
      .limit(limit)
      .lean();
  }

  async isReferred(id: Types.ObjectId): Promise<boolean> {
    return (await this.contents.exists({ _id: id, orphanedAt: null })) !== null;
  }

  findOrphans({ before, transientBefore }: OrphanAges, limit: number): Promise<ContentDocument[]> {
    return this.contents
      .find({
        $or: [
          { orphanedAt: trusted({ $lt: before, $type: 'date' }) },
          { orphanedAt: trusted({ $lt: transientBefore, $type: 'date' }), transient: true },
        ],
      })
      .sort({ orphanedAt: 1 })
      .limit(limit)
      .lean();
  }

  /**
   * Notes that an orphan is about to be removed, so that a transaction which takes the mark from it at this moment is run
   * again. @returns it as it is now, or null when it is not the orphan any more that was seen
   */
  async claimOrphan({ _id, orphanedAt }: ContentDocument, session: ClientSession): Promise<ContentDocument | null> {
    return this.contents
      .findOneAndUpdate({ _id, orphanedAt }, { $inc: { revision: 1 } }, { session, returnDocument: 'after' })
      .lean();
  }

  /** Removes the record if nothing has happened to it since it was claimed. */
  async removeOrphan({ _id, orphanedAt, revision }: ContentDocument, session: ClientSession): Promise<boolean> {
    return (await this.contents.deleteOne({ _id, orphanedAt, revision }, { session })).deletedCount === 1;
  }
}

function hasDerived(hashes: readonly string[]): QueryFilter<ContentDocument> {
  return { $or: DERIVED_PICTURES.map((field) => ({ [`${field}.sha256`]: trusted({ $in: [...hashes] }) })) };
}

/** The pictures that were made of a content, by their sha256. */
export function derivedOf({ thumbnail, resized }: Pick<ContentDocument, 'thumbnail' | 'resized'>): string[] {
  return [thumbnail, resized].flatMap((picture) => picture?.sha256 ?? []);
}
