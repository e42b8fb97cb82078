import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { systemDate } from '@pentaprism/domain';
import type { BlobRecord } from '@pentaprism/service';
import { trusted, Types, type ClientSession, type Model } from 'mongoose';
import { SAMPLE_MODEL, SAMPLE_SET_MODEL, type SampleDocument, type SampleSetDocument } from './sample.schema.js';

/** Sample sets and the samples in them; they live and die together. */
@Injectable()
export class SampleRepository {
  constructor(
    @InjectModel(SAMPLE_SET_MODEL) private readonly sets: Model<SampleSetDocument>,
    @InjectModel(SAMPLE_MODEL) private readonly samples: Model<SampleDocument>,
  ) {}

  async add(
    workspace: string,
    set: Omit<SampleSetDocument, 'workspace' | 'number' | 'createdAt'>,
    samples: readonly Omit<SampleDocument, 'workspace' | 'project' | 'set'>[],
    session: ClientSession,
  ): Promise<void> {
    const number = set.list ? { number: await this.nextNumber(workspace, set.list, session) } : {};
    await this.sets.create([{ ...set, ...number, workspace, createdAt: systemDate() }], { session });
    const documents = samples.map((sample) => ({ ...sample, workspace, project: set.project, set: set._id }));
    if (documents.length > 0) await this.samples.insertMany(documents, { session });
  }

  findSet(workspace: string, id: Types.ObjectId): Promise<SampleSetDocument | null> {
    return this.sets.findOne({ _id: id, workspace }).lean();
  }

  /** @param limit null for all of them */
  list(workspace: string, set: Types.ObjectId, offset: number, limit: number | null): Promise<SampleDocument[]> {
    const query = this.samples.find({ workspace, set }).sort({ position: 1 }).skip(offset);
    return (limit === null ? query : query.limit(limit)).lean();
  }

  count(workspace: string, set: Types.ObjectId): Promise<number> {
    return this.samples.countDocuments({ workspace, set });
  }

  /** An augmented image; null for an original, which is the catalog's. */
  async findImage(workspace: string, project: Types.ObjectId, id: Types.ObjectId) {
    const found = await this.samples.findOne({ _id: id, workspace, project }).lean();
    return found?.content ? { ...found, content: found.content } : null;
  }

  /** The sets of a list but for the `keep` latest by their numbers, because clocks of processes differ. */
  async removeOfList(workspace: string, list: Types.ObjectId, keep: number, session: ClientSession): Promise<void> {
    const sets = await this.sets
      .find({ workspace, list }, { _id: 1 })
      .sort({ number: -1, createdAt: -1, _id: -1 })
      .skip(keep)
      .session(session)
      .lean();
    await this.removeSets(
      workspace,
      sets.map(({ _id }) => _id),
      session,
    );
  }

  /** The sets of all lists of a project, oldest first, each with the number of its samples. */
  async setsOfLists(workspace: string, project: Types.ObjectId, offset: number, limit: number) {
    const inLists = { workspace, project, list: trusted({ $ne: null }) };
    const [sets, total] = await Promise.all([
      this.sets.find(inLists).sort({ _id: 1 }).skip(offset).limit(limit).lean(),
      this.sets.countDocuments(inLists),
    ]);
    const counts = await this.samples.aggregate<{ _id: Types.ObjectId; count: number }>([
      { $match: { workspace, set: { $in: sets.map(({ _id }) => _id) } } },
      { $group: { _id: '$set', count: { $sum: 1 } } },
    ]);
    const countOf = new Map(counts.map(({ _id, count }) => [_id.toHexString(), count]));
    return { sets: sets.map((set) => ({ ...set, count: countOf.get(set._id.toHexString()) ?? 0 })), total };
  }

  /** Some sets of a project, in a list or not. */
  setsOf(workspace: string, project: Types.ObjectId, limit: number): Promise<Pick<SampleSetDocument, '_id'>[]> {
    return this.sets.find({ workspace, project }, { _id: 1 }).limit(limit).lean();
  }

  async removeSets(workspace: string, sets: readonly Types.ObjectId[], session: ClientSession): Promise<void> {
    if (sets.length === 0) return;
    await this.samples.deleteMany({ workspace, set: trusted({ $in: [...sets] }) }, { session });
    await this.sets.deleteMany({ workspace, _id: trusted({ $in: [...sets] }) }, { session });
  }

  /** What shows an image of the catalog, or was made of it. */
  async removeOfSource(workspace: string, source: Types.ObjectId): Promise<void> {
    await this.samples.deleteMany({ workspace, source });
  }

  /** Which of these hashes samples refer to. */
  async known(workspace: string, hashes: readonly string[]): Promise<Set<string>> {
    const found = await this.samples.find({ workspace, 'content.sha256': trusted({ $in: [...hashes] }) }).lean();
    return new Set(found.flatMap(({ content }) => content?.sha256 ?? []));
  }

  /** The bytes of samples of all workspaces, in the order of the samples' ids, behind one of them. */
  async filesAfter(id: string | null, limit: number): Promise<BlobRecord[]> {
    const behind = id === null ? {} : { _id: trusted({ $gt: new Types.ObjectId(id) }) };
    const found = await this.samples.find(behind, { workspace: 1, content: 1 }).sort({ _id: 1 }).limit(limit).lean();
    return found.map(({ _id, workspace, content }) => ({
      id: _id.toHexString(),
      keys: content ? [{ area: 'samples', workspace, sha256: content.sha256 }] : [],
    }));
  }

  /** Sets of all workspaces that are in no list and were made before the date, for the sweeper. */
  expired(before: Date, limit: number): Promise<SampleSetDocument[]> {
    return this.sets
      .find({ list: null, createdAt: trusted({ $lt: before }) })
      .sort({ createdAt: 1 })
      .limit(limit)
      .lean();
  }

  /** In a transaction that has changed the list, so that no two sets have one number. */
  private async nextNumber(workspace: string, list: Types.ObjectId, session: ClientSession): Promise<number> {
    const latest = await this.sets.findOne({ workspace, list }).sort({ number: -1 }).session(session).lean();
    return (latest?.number ?? 0) + 1;
  }
}
