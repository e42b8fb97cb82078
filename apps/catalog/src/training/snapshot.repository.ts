import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { isDuplicateKey } from '@pentaprism/database';
import { systemDate } from '@pentaprism/domain';
import { trusted, Types, type ClientSession, type Model } from 'mongoose';
import { IMAGE_MODEL, INDEXES, unexpired, type ImageDocument } from '../images/image.schema.js';
import {
  SNAPSHOT_IMAGE_MODEL,
  SNAPSHOT_INDEXES,
  SNAPSHOT_MODEL,
  type SnapshotDocument,
  type SnapshotImageDocument,
} from './snapshot.schema.js';

/** An image of a snapshot that is to be removed, and its bytes. */
export type HeldContent = Pick<SnapshotImageDocument, '_id' | 'workspace' | 'sha256' | 'expiresAt'>;

const absent = () => trusted({ $exists: false });

const HELD_FIELDS = { workspace: 1, sha256: 1, expiresAt: 1 } as const;

@Injectable()
export class SnapshotRepository {
  constructor(
    @InjectModel(SNAPSHOT_MODEL) private readonly snapshots: Model<SnapshotDocument>,
    @InjectModel(SNAPSHOT_IMAGE_MODEL) private readonly held: Model<SnapshotImageDocument>,
    @InjectModel(IMAGE_MODEL) private readonly images: Model<ImageDocument>,
  ) {}

  find(workspace: string, project: Types.ObjectId, id: Types.ObjectId): Promise<SnapshotDocument | null> {
    return this.snapshots.findOne({ _id: id, workspace, project }).lean();
  }

  /**
   * Notes that an attempt begins, before it leaves anything behind. @returns false when the snapshot is there already, was
   * deleted, or another project has its id
   */
  async begin(workspace: string, project: Types.ObjectId, id: Types.ObjectId, copy: Types.ObjectId): Promise<boolean> {
    try {
      await this.snapshots.updateOne(
        { _id: id, workspace, project, incomplete: true, deletedAt: absent() },
        { $push: { copies: copy }, $setOnInsert: { createdAt: systemDate() } },
        { upsert: true },
      );
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  /**
   * Copies the pictures of a project. Ended by the database after `maxTimeMS`, done or not: bytes whose last image is deleted
   * while it is copied are marked as orphans, and what is copied later than their grace time would not keep them.
   */
  async copy(workspace: string, project: Types.ObjectId, copy: Types.ObjectId, maxTimeMS: number): Promise<void> {
    await this.images.collection
      .aggregate(
        [
          { $match: { workspace, project, state: 'decoded', tagged: { $in: [true, false, null] }, ...unexpired() } },
          {
            $project: {
              _id: 0,
              workspace: 1,
              project: 1,
              snapshot: { $literal: copy },
              image: '$_id',
              number: 1,
              fileName: 1,
              createdAt: 1,
              createdSecond: 1,
              sha256: 1,
              tags: 1,
              tagged: { $gt: [{ $size: '$tags' }, 0] },
              expiresAt: 1,
              metadata: 1,
            },
          },
          { $merge: { into: this.held.collection.collectionName, whenMatched: 'fail', whenNotMatched: 'insert' } },
        ],
        { hint: INDEXES.decoded, maxTimeMS },
      )
      .toArray();
  }

  count(copy: Types.ObjectId): Promise<number> {
    return this.held.collection.countDocuments({ snapshot: copy });
  }

  /** The snapshot is what this attempt has copied. @returns false when there is another, or it was deleted meanwhile */
  async complete(
    workspace: string,
    id: Types.ObjectId,
    found: Required<Pick<SnapshotDocument, 'copy' | 'images' | 'revision'>>,
  ): Promise<boolean> {
    const { matchedCount } = await this.snapshots.updateOne(
      { _id: id, workspace, copies: found.copy, incomplete: true, deletedAt: absent() },
      { $set: found, $pull: { copies: found.copy }, $unset: { incomplete: 1 } },
    );
    return matchedCount === 1;
  }

  /**
   * Marks one snapshot, or all of a project, as deleted. From now on no call finds them, and no attempt under way succeeds.
   * @returns the attempts whose images are to be removed
   */
  async markDeleted(workspace: string, project: Types.ObjectId, id?: Types.ObjectId): Promise<Types.ObjectId[]> {
    const these = { workspace, project, ...(id ? { _id: id } : {}) };
    // Also where there is none: an attempt may be about to begin.
    if (id)
      await this.snapshots.collection.updateOne(
        { _id: id },
        {
          $setOnInsert: {
            workspace,
            project,
            copies: [],
            incomplete: true,
            createdAt: systemDate(),
            deletedAt: systemDate(),
          },
        },
        { upsert: true },
      );
    await this.snapshots.collection.updateMany({ ...these, deletedAt: { $exists: false } }, [
      {
        $set: {
          copies: { $concatArrays: ['$copies', { $cond: [{ $ifNull: ['$copy', false] }, ['$copy'], []] }] },
          incomplete: true,
          deletedAt: systemDate(),
        },
      },
      { $unset: 'copy' },
    ]);
    const marked = await this.snapshots.find({ ...these, deletedAt: trusted({ $exists: true }) }, { copies: 1 }).lean();
    return marked.flatMap(({ copies }) => copies);
  }

  /** Returns attempts of all workspaces that began before then and whose images are unused. */
  async findLeft(before: Date, limit: number): Promise<Types.ObjectId[]> {
    const first = Types.ObjectId.createFromTime(Math.floor(before.getTime() / 1000));
    const found = await this.snapshots
      .find({ copies: trusted({ $lt: first }) }, { copies: 1 })
      .limit(limit)
      .lean();
    return found.flatMap(({ copies }) => copies.filter((copy) => copy.getTimestamp() < first.getTimestamp()));
  }

  /** An attempt has left nothing. */
  async forgetCopy(copy: Types.ObjectId): Promise<void> {
    await this.snapshots.updateOne({ copies: copy }, { $pull: { copies: copy } });
  }

  /** Records of snapshots that were deleted, or given up, and of which nothing is left. */
  async forgetIncomplete(before: Date): Promise<void> {
    await this.snapshots.collection.deleteMany({
      incomplete: true,
      createdAt: { $lt: before },
      copies: { $size: 0 },
      deletedAt: { $not: { $gte: before } },
    });
  }

  /** Some images of an attempt. */
  someOf(copy: Types.ObjectId, limit: number): Promise<HeldContent[]> {
    return this.held.collection.find<HeldContent>({ snapshot: copy }, { projection: HELD_FIELDS, limit }).toArray();
  }

  /** Images of all workspaces whose time is over, oldest first. */
  findExpired(now: Date, limit: number): Promise<HeldContent[]> {
    return this.held.collection
      .find<HeldContent>(
        { expiresAt: { $lte: now, $type: 'date' } },
        { projection: HELD_FIELDS, sort: { expiresAt: 1 }, limit },
      )
      .toArray();
  }

  async removeImages(images: readonly HeldContent[], session: ClientSession): Promise<void> {
    const _id = { $in: images.map((image) => image._id) };
    await this.held.collection.deleteMany({ _id }, { session });
  }

  /** Returns those of the contents that an image of a snapshot has. */
  async referenced(workspace: string, hashes: readonly string[], session: ClientSession): Promise<string[]> {
    const found = await this.held.collection
      .aggregate<{ _id: string }>(
        [{ $match: { workspace, sha256: { $in: [...hashes] } } }, { $group: { _id: '$sha256' } }],
        { session, hint: SNAPSHOT_INDEXES.content },
      )
      .toArray();
    return found.map(({ _id }) => _id);
  }
}
