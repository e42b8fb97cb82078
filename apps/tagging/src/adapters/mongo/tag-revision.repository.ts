import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { FreshReads } from '@pentaprism/concurrency';
import { isDuplicateKey, limited, notFound } from '@pentaprism/database';
import { systemDate } from '@pentaprism/domain';
import { LRUCache } from 'lru-cache';
import { Schema, type ClientSession, type Model, type Types } from 'mongoose';

interface TagRevisionDocument {
  /** `workspace/project`. */
  _id: string;
  /** Moves with every change of a tag of the project, in the transaction that makes the change. */
  revision: number;
  /** Tags of the project. */
  total: number;
  /** The project is gone: no tag is made in it any more, not even by who has not heard of it. */
  closed?: boolean;
  /** When the project was found to be gone. */
  closedAt?: Date;
}

export const TAG_REVISION_MODEL = 'TagRevision';

/** Seconds that the record of a project that is gone is kept: much longer than anything takes that began before its deletion. */
const CLOSED_SECONDS = 24 * 3600;

export const tagRevisionSchema = new Schema<TagRevisionDocument>(
  {
    _id: { type: String, required: true },
    revision: { type: Number, required: true },
    total: { type: Number, required: true },
    closed: Boolean,
    closedAt: Date,
  },
  { collection: 'tag_revisions', versionKey: false },
);
tagRevisionSchema.index({ closedAt: 1 }, { expireAfterSeconds: CLOSED_SECONDS });

/** Projects that are known to have a revision. */
const KNOWN_PROJECTS = 10_000;

/**
 * One number for each project that says whether any of its tags has changed. Transactions that change tags write it
 * first, which makes them take turns: what one of them reads then, such as whether a name is free, stays true until
 * it commits.
 */
@Injectable()
export class TagRevisionRepository {
  private readonly reads = new FreshReads<number>();
  private readonly known = new LRUCache<string, true>({ max: KNOWN_PROJECTS });

  constructor(@InjectModel(TAG_REVISION_MODEL) private readonly revisions: Model<TagRevisionDocument>) {}

  /** As it is at a moment after this call. */
  current(workspace: string, project: Types.ObjectId): Promise<number> {
    const key = keyOf(workspace, project);
    return this.reads.get(key, async () => {
      const finding = this.revisions.collection.findOne<TagRevisionDocument>({ _id: key } as never);
      const found = await limited(finding);
      return found?.revision ?? 0;
    });
  }

  async in(session: ClientSession, workspace: string, project: Types.ObjectId): Promise<number> {
    const found = await this.revisions.findById(keyOf(workspace, project), null, { session }).lean();
    return found?.revision ?? 0;
  }

  /** Before the transaction: two that made the document at once would not wait for one another, but fail. */
  async prepare(workspace: string, project: Types.ObjectId): Promise<void> {
    const key = keyOf(workspace, project);
    if (this.known.has(key)) return;
    try {
      await this.revisions.updateOne({ _id: key }, { $setOnInsert: { revision: 0, total: 0 } }, { upsert: true });
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
    this.known.set(key, true);
  }

  /**
   * The first step of every transaction that changes tags.
   * @returns the revision of this change, and the tags before it
   * @throws DomainError NOT_FOUND for a project that is gone
   */
  async move(session: ClientSession, workspace: string, project: Types.ObjectId) {
    const moved = await this.revisions
      .findByIdAndUpdate(keyOf(workspace, project), { $inc: { revision: 1 } }, { session, returnDocument: 'after' })
      .lean();
    // The record is removed a day after the project.
    if (!moved || moved.closed) throw notFound('project');
    return { revision: moved.revision, total: moved.total };
  }

  /** For a project that is gone; also when there is no revision of it. */
  async close(workspace: string, project: Types.ObjectId): Promise<void> {
    await this.prepare(workspace, project);
    await this.revisions.updateOne(
      { _id: keyOf(workspace, project) },
      { $set: { closed: true, closedAt: systemDate(), total: 0 }, $inc: { revision: 1 } },
    );
  }

  /** Counts tags that come or go with the change. */
  async count(session: ClientSession, workspace: string, project: Types.ObjectId, change: number): Promise<void> {
    await this.revisions.updateOne({ _id: keyOf(workspace, project) }, { $inc: { total: change } }, { session });
  }
}

function keyOf(workspace: string, project: Types.ObjectId): string {
  return `${workspace}/${project.toHexString()}`;
}
