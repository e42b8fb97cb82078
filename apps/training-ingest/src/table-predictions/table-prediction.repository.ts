import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { ContentReference } from '@pentaprism/contracts';
import { notFound, toObjectId } from '@pentaprism/database';
import { systemDate } from '@pentaprism/domain';
import { trusted, Types, type ClientSession, type Model } from 'mongoose';
import { TABLE_PREDICTION_MODEL, type TablePredictionDocument } from './table-prediction.schema.js';

/** A prediction, by the ids that a request names. */
export interface TablePredictionKey {
  readonly projectId: string;
  readonly predictionId: string;
}

@Injectable()
export class TablePredictionRepository {
  constructor(@InjectModel(TABLE_PREDICTION_MODEL) private readonly predictions: Model<TablePredictionDocument>) {}

  async add(prediction: TablePredictionDocument, session: ClientSession): Promise<void> {
    await this.predictions.collection.insertOne(prediction, { session });
  }

  /** Throws NOT_FOUND. */
  async get(workspace: string, { projectId, predictionId }: TablePredictionKey): Promise<TablePredictionDocument> {
    const ids = { _id: toObjectId(predictionId, 'prediction'), project: toObjectId(projectId, 'project') };
    const found = await this.predictions.findOne({ ...ids, workspace, deletedAt: null }).lean();
    if (!found) throw notFound('prediction');
    return found;
  }

  /** Counts the predictions of a project, and those of them that wait or run. */
  async count(workspace: string, project: Types.ObjectId, session: ClientSession) {
    const filter = { workspace, project, deletedAt: null };
    return {
      all: await this.predictions.countDocuments(filter).session(session),
      pending: await this.predictions.countDocuments({ ...filter, state: 'predicting' }).session(session),
    };
  }

  /** Ends a prediction. One that has been deleted stays deleted. */
  async finish(
    workspace: string,
    _id: Types.ObjectId,
    outcome: { readonly file: ContentReference } | { readonly error: string },
    session: ClientSession,
  ): Promise<void> {
    const $set = { state: 'file' in outcome ? ('predicted' as const) : ('failed' as const), ...outcome };
    await this.predictions.updateOne({ _id, workspace, state: 'predicting', deletedAt: null }, { $set }, { session });
  }

  /** Marks predictions of a project or of a prediction dataset as deleted. */
  async markDeleted(
    workspace: string,
    filter: { readonly project: Types.ObjectId } | { readonly predictionDataset: Types.ObjectId },
  ): Promise<void> {
    await this.predictions.updateMany({ ...filter, workspace, deletedAt: null }, { $set: deletion() });
  }

  /** Marks those of all workspaces as deleted that are older than a time. */
  async expire(before: Date): Promise<void> {
    const old = { createdAt: trusted({ $lt: before }), deletedAt: null };
    await this.predictions.updateMany(old, { $set: deletion() });
  }

  /** Returns deleted predictions of all workspaces. */
  findDeleted(limit: number): Promise<TablePredictionDocument[]> {
    return this.predictions
      .find({ deletedAt: trusted({ $type: 'date' }) })
      .sort({ deletedAt: 1 })
      .limit(limit)
      .lean();
  }

  async remove({ _id, workspace }: TablePredictionDocument): Promise<void> {
    await this.predictions.deleteOne({ _id, workspace });
  }

  /** Returns those of the files that belong to a prediction. */
  async knownFiles(workspace: string, hashes: readonly string[]): Promise<Set<string>> {
    // The type, too: the index holds texts only, and the database does not conclude it from the values.
    const among = { $in: [...hashes], $type: 'string' };
    const found = await this.predictions.collection
      .find<Pick<TablePredictionDocument, 'file'>>({ workspace, 'file.sha256': among } as object, {
        projection: { file: 1 },
      })
      .toArray();
    return new Set(found.flatMap(({ file }) => file?.sha256 ?? []));
  }

  /** Returns the files of predictions of all workspaces, in the order of their ids, behind one of them. */
  async withFilesAfter(id: string | null, limit: number) {
    const behind = id === null ? {} : { _id: trusted({ $gt: new Types.ObjectId(id) }) };
    const found = await this.predictions
      .find({ ...behind, deletedAt: null, state: 'predicted' }, { workspace: 1, file: 1 })
      .sort({ _id: 1 })
      .limit(limit)
      .lean();
    return found.map(({ _id, workspace, file }) => ({
      id: _id.toHexString(),
      workspace,
      files: file ? [file.sha256] : [],
    }));
  }
}

/** The same prediction may be asked for again from then on. */
function deletion() {
  return { deletedAt: systemDate(), state: 'failed' as const };
}
