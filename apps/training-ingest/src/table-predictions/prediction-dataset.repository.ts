import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { countInTurn, notFound, toObjectId } from '@pentaprism/database';
import { systemDate } from '@pentaprism/domain';
import { trusted, type ClientSession, type Model, type Types } from 'mongoose';
import { PREDICTION_DATASET_MODEL, type PredictionDatasetDocument } from './prediction-dataset.schema.js';

/** A prediction dataset, by the ids that a request names. */
export interface PredictionDatasetKey {
  readonly projectId: string;
  readonly predictionDatasetId: string;
}

@Injectable()
export class PredictionDatasetRepository {
  constructor(@InjectModel(PREDICTION_DATASET_MODEL) private readonly datasets: Model<PredictionDatasetDocument>) {}

  async add(dataset: PredictionDatasetDocument, session: ClientSession): Promise<void> {
    await this.datasets.collection.insertOne(dataset, { session });
  }

  /** Counts those of a project, imported or not, before the transaction adds another one. */
  countInTurn(workspace: string, project: Types.ObjectId, session: ClientSession): Promise<number> {
    return countInTurn(this.datasets, { workspace, project, deletedAt: null }, session);
  }

  /** Throws NOT_FOUND, also until it has been imported. */
  async get(
    workspace: string,
    { projectId, predictionDatasetId }: PredictionDatasetKey,
    session?: ClientSession,
  ): Promise<PredictionDatasetDocument> {
    const ids = { _id: toObjectId(predictionDatasetId, WHAT), project: toObjectId(projectId, 'project') };
    const found = await this.datasets
      .findOne({ ...ids, workspace, ready: true, deletedAt: null })
      .session(session ?? null)
      .lean();
    if (!found) throw notFound(WHAT);
    return found;
  }

  /** Returns whether it is there, imported or not. */
  async exists(workspace: string, _id: Types.ObjectId): Promise<boolean> {
    return (await this.datasets.exists({ _id, workspace, deletedAt: null })) !== null;
  }

  /** Returns those that have been imported, newest first. */
  async list(
    workspace: string,
    project: Types.ObjectId,
    { offset, limit }: { offset: number; limit: number },
  ): Promise<{ found: PredictionDatasetDocument[]; total: number }> {
    const filter = { workspace, project, ready: true, deletedAt: null };
    const [found, total] = await Promise.all([
      this.datasets.find(filter).sort({ createdAt: -1, _id: -1 }).skip(offset).limit(limit).lean(),
      this.datasets.countDocuments(filter),
    ]);
    return { found, total };
  }

  async finishImport(workspace: string, _id: Types.ObjectId, session: ClientSession): Promise<void> {
    await this.datasets.updateOne({ _id, workspace, deletedAt: null }, { $set: { ready: true } }, { session });
  }

  /** Marks it as deleted, unless it is already. */
  async markDeleted(workspace: string, _id: Types.ObjectId, session?: ClientSession): Promise<void> {
    const $set = { deletedAt: systemDate() };
    await this.datasets.updateOne({ _id, workspace, deletedAt: null }, { $set }, session ? { session } : {});
  }

  async markDeletedOfProject(workspace: string, project: Types.ObjectId): Promise<void> {
    await this.datasets.updateMany({ workspace, project, deletedAt: null }, { $set: { deletedAt: systemDate() } });
  }

  /** Marks those of all workspaces as deleted that are older than a time. */
  async expire(before: Date): Promise<void> {
    const old = { createdAt: trusted({ $lt: before }), deletedAt: null };
    await this.datasets.updateMany(old, { $set: { deletedAt: systemDate() } });
  }

  /** Returns deleted ones of all workspaces. */
  findDeleted(limit: number): Promise<PredictionDatasetDocument[]> {
    return this.datasets
      .find({ deletedAt: trusted({ $type: 'date' }) })
      .sort({ deletedAt: 1 })
      .limit(limit)
      .lean();
  }

  /** Returns whether this call removed it. */
  async remove({ _id, workspace }: PredictionDatasetDocument, session: ClientSession): Promise<boolean> {
    return (await this.datasets.deleteOne({ _id, workspace }, { session })).deletedCount === 1;
  }
}

const WHAT = 'prediction dataset';
