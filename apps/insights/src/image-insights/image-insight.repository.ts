import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { InsightColumn } from '@pentaprism/contracts';
import type { InsightKind } from '@pentaprism/domain';
import { trusted, Types, type ClientSession, type Model } from 'mongoose';
import { IMAGE_INSIGHT_MODEL, type ImageInsightDocument } from './image-insight.schema.js';

/** What the insights of one kind are about. */
export interface InsightKey {
  readonly candidate: Types.ObjectId;
  readonly kind: InsightKind;
}

interface Page {
  readonly offset: number;
  readonly limit: number;
}

@Injectable()
export class ImageInsightRepository {
  constructor(@InjectModel(IMAGE_INSIGHT_MODEL) private readonly insights: Model<ImageInsightDocument>) {}

  async add(insight: ImageInsightDocument, session: ClientSession): Promise<void> {
    await this.insights.collection.insertOne(insight, { session });
  }

  find(
    workspace: string,
    { candidate, kind }: InsightKey,
    session: ClientSession | null = null,
  ): Promise<ImageInsightDocument | null> {
    return this.insights.findOne({ workspace, candidate, kind }).session(session).lean();
  }

  /** Returns an insight by its id. */
  findById(workspace: string, _id: Types.ObjectId): Promise<ImageInsightDocument | null> {
    return this.insights.findOne({ _id, workspace }).lean();
  }

  /** Returns the columns of an insight whose positions have this key, among them at least one such column. */
  async withPositions(workspace: string, key: string): Promise<InsightColumn[]> {
    const found = await this.insights.collection.findOne<Pick<ImageInsightDocument, 'columns'>>(
      // The type, too: the index holds texts only.
      { workspace, 'columns.positions': { $eq: key, $type: 'string' } } as object,
      { projection: { columns: 1 } },
    );
    return found?.columns ?? [];
  }

  /** Returns how many insights of a project are being computed. */
  countComputing(workspace: string, project: Types.ObjectId): Promise<number> {
    return this.insights.countDocuments({ workspace, project, columns: null });
  }

  /** Returns the pairs of those candidates and their image columns, oldest first. */
  async computed(
    workspace: string,
    {
      project,
      kind,
      candidates,
    }: { project: Types.ObjectId; kind: InsightKind; candidates: readonly Types.ObjectId[] },
    { offset, limit }: Page,
  ): Promise<{ insights: { candidateId: string; column: string }[]; total: number }> {
    const computed = { workspace, project, kind, candidate: { $in: [...candidates] }, columns: { $type: 'array' } };
    const pairs = [
      { $match: computed },
      { $sort: { _id: 1 as const } },
      { $unwind: '$columns' },
      { $project: { candidate: 1, column: '$columns.column' } },
    ];
    const [found, [counted]] = await Promise.all([
      this.insights.collection
        .aggregate<{ candidate: Types.ObjectId; column: string }>([...pairs, { $skip: offset }, { $limit: limit }])
        .toArray(),
      this.insights.collection
        .aggregate<{ total: number }>([
          { $match: computed },
          { $group: { _id: null, total: { $sum: { $size: '$columns' } } } },
        ])
        .toArray(),
    ]);
    const insights = found.map(({ candidate, column }) => ({ candidateId: candidate.toHexString(), column }));
    return { insights, total: counted?.total ?? 0 };
  }

  /** Notes that a job that runs records something. Returns its insight; null if the job has ended. */
  touch(workspace: string, _id: Types.ObjectId, session: ClientSession): Promise<ImageInsightDocument | null> {
    return this.insights
      .findOneAndUpdate({ _id, workspace, columns: null }, { $inc: { recorded: 1 } }, { session })
      .lean();
  }

  async complete(
    workspace: string,
    _id: Types.ObjectId,
    columns: readonly InsightColumn[],
    session: ClientSession,
  ): Promise<void> {
    await this.insights.updateOne({ _id, workspace }, { $set: { columns } }, { session });
  }

  async exists(workspace: string, _id: Types.ObjectId, session: ClientSession | null = null): Promise<boolean> {
    return (await this.insights.exists({ _id, workspace }).session(session)) !== null;
  }

  async remove(workspace: string, _id: Types.ObjectId, session: ClientSession): Promise<void> {
    await this.insights.deleteOne({ _id, workspace }, { session });
  }

  ofProject(workspace: string, project: Types.ObjectId): Promise<ImageInsightDocument[]> {
    return this.insights.find({ workspace, project }).lean();
  }

  ofCandidate(workspace: string, candidate: Types.ObjectId): Promise<ImageInsightDocument[]> {
    return this.insights.find({ workspace, candidate }).lean();
  }

  /** Returns insights of all workspaces, in the order of their ids, behind one of them. */
  after(id: Types.ObjectId | null, limit: number): Promise<ImageInsightDocument[]> {
    const behind = id === null ? {} : { _id: trusted({ $gt: id }) };
    return this.insights.find(behind).sort({ _id: 1 }).limit(limit).lean();
  }

  /** Returns which of these hashes are files of insights. */
  async known(workspace: string, hashes: readonly string[]): Promise<string[]> {
    const found = await this.insights.collection
      .find<Pick<ImageInsightDocument, 'columns'>>(
        // The type, too: the index holds texts only.
        { workspace, 'columns.file.sha256': { $in: [...hashes], $type: 'string' } } as object,
        { projection: { columns: 1 } },
      )
      .toArray();
    return found.flatMap(filesOf);
  }
}

/** Returns the hashes of the files of an insight. */
export function filesOf({ columns }: Pick<ImageInsightDocument, 'columns'>): string[] {
  return (columns ?? []).map(({ file }) => file.sha256);
}
