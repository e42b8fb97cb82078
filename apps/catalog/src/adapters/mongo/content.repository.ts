import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { analyseContent, ContentReference, JobResult } from '@pentaprism/contracts';
import { trusted, Schema, type ClientSession, type Model, type Types } from 'mongoose';

/** What was learnt from bytes; once per workspace, however many images point to them. */
export interface ContentDocument {
  _id: Types.ObjectId;
  workspace: string;
  sha256: string;
  size: number;
  /** By magic bytes; the decoder's word once it has spoken. */
  mediaType: string;
  /** `unseen`: nobody has needed its pixels so far. */
  state: 'unseen' | 'pending' | 'decoded' | 'undecodable';
  reason?: string;
  format?: string;
  width?: number;
  height?: number;
  orientation?: number;
  colorSpace?: string;
  channels?: number;
  bitDepth?: number;
  hasAlpha?: boolean;
  pages?: number;
  perceptualHash?: string;
  thumbnail?: { sha256: string; size: number; width: number; height: number; mediaType: string };
  createdAt: Date;
  /** Since when no image points here; null while one does. */
  orphanedAt: Date | null;
  /** Orphans that were to live for a while only do not wait as long as others until they are removed. */
  transient?: boolean;
  /** Raised by transactions that read this record and must not run beside one another. */
  revision: number;
}

export const CONTENT_MODEL = 'Content';

const thumbnailSchema = new Schema(
  { sha256: String, size: Number, width: Number, height: Number, mediaType: String },
  { _id: false },
);

export const contentSchema = new Schema<ContentDocument>(
  {
    workspace: { type: String, required: true },
    sha256: { type: String, required: true },
    size: { type: Number, required: true },
    mediaType: { type: String, required: true },
    state: { type: String, required: true },
    reason: String,
    format: String,
    width: Number,
    height: Number,
    orientation: Number,
    colorSpace: String,
    channels: Number,
    bitDepth: Number,
    hasAlpha: Boolean,
    pages: Number,
    perceptualHash: String,
    thumbnail: thumbnailSchema,
    createdAt: { type: Date, required: true },
    orphanedAt: { type: Date, default: null },
    transient: Boolean,
    revision: { type: Number, default: 0 },
  },
  { collection: 'contents', versionKey: false },
);
contentSchema.index({ workspace: 1, sha256: 1 }, { unique: true });
contentSchema.index({ orphanedAt: 1 }, { partialFilterExpression: { orphanedAt: { $type: 'date' } } });
contentSchema.index(
  { workspace: 1, 'thumbnail.sha256': 1 },
  { partialFilterExpression: { 'thumbnail.sha256': { $exists: true } } },
);

export interface ContentReferral {
  readonly state: Exclude<ContentDocument['state'], 'unseen'>;
  /** Nobody has looked at it yet, or is about to. */
  readonly isNew: boolean;
}

/** Which orphans are due: since when they must have been ones. */
export interface OrphanAges {
  readonly before: Date;
  readonly transientBefore: Date;
}

@Injectable()
export class ContentRepository {
  constructor(@InjectModel(CONTENT_MODEL) private readonly contents: Model<ContentDocument>) {}

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
  ): Promise<void> {
    if (contents.length === 0) return;
    const createdAt = new Date();
    await this.contents.collection.insertMany(
      contents.map(({ sha256, size, mediaType }) => ({
        workspace,
        sha256,
        size,
        mediaType,
        state,
        createdAt,
        orphanedAt: null,
        revision: 0,
      })),
      { session },
    );
  }

  /**
   * Notes that an image does not point to these bytes any more, and whether none does. Always a write: of two images
   * that are deleted at once, each would otherwise take the other for the one that is left.
   */
  async release(
    workspace: string,
    sha256: string,
    { isOrphan, transient }: { isOrphan: boolean; transient: boolean },
    session: ClientSession,
  ): Promise<void> {
    const mark = isOrphan ? { $set: { orphanedAt: new Date(), transient } } : {};
    await this.contents.updateOne({ workspace, sha256 }, { $inc: { revision: 1 }, ...mark }, { session });
  }

  /** Takes back the mark if the record is still the orphan that was seen. */
  async adopt({ _id, orphanedAt }: ContentDocument, session: ClientSession): Promise<void> {
    await this.contents.updateOne({ _id, orphanedAt }, { $set: { orphanedAt: null } }, { session });
  }

  async setAnalysis(
    workspace: string,
    sha256: string,
    result: JobResult<typeof analyseContent>,
    session: ClientSession,
  ): Promise<void> {
    await this.contents.updateOne({ workspace, sha256 }, { $set: result }, { session });
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

  async knownThumbnails(workspace: string, hashes: readonly string[]): Promise<Set<string>> {
    const found = await this.contents
      .find({ workspace, 'thumbnail.sha256': trusted({ $in: [...hashes] }) }, { thumbnail: 1 })
      .lean();
    return new Set(found.flatMap((content) => content.thumbnail?.sha256 ?? []));
  }

  /** Whether another content than this one has that thumbnail. */
  async hasThumbnailBeside(workspace: string, thumbnail: string, sha256: string): Promise<boolean> {
    const other = { workspace, 'thumbnail.sha256': thumbnail, sha256: trusted({ $ne: sha256 }) };
    return (await this.contents.exists(other)) !== null;
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
  async removeOrphan({ _id, orphanedAt, revision }: ContentDocument): Promise<boolean> {
    return (await this.contents.deleteOne({ _id, orphanedAt, revision })).deletedCount === 1;
  }
}
