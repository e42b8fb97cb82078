import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { toObjectId } from '@pentaprism/database';
import { trusted, type Model, type mongo, type Types } from 'mongoose';
import { PREDICTION_MODEL, type PredictionDocument } from './prediction.schema.js';

export interface PredictionFilter {
  readonly iterationId?: string | undefined;
  readonly tags: readonly { readonly tagId: string; readonly min: number; readonly max: number }[];
  readonly application?: string | undefined;
  /** Milliseconds since the epoch, inclusive. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** Stored predictions; one that has expired is not there any more. */
@Injectable()
export class PredictionRepository {
  constructor(@InjectModel(PREDICTION_MODEL) private readonly predictions: Model<PredictionDocument>) {}

  async add(prediction: PredictionDocument): Promise<void> {
    await this.predictions.collection.insertOne(prediction);
  }

  findMany(workspace: string, projectId: string, ids: readonly string[]): Promise<PredictionDocument[]> {
    const _id = trusted({ $in: ids.map((id) => toObjectId(id, 'prediction')) });
    const expiresAt = trusted({ $gt: new Date() });
    return this.predictions.find({ _id, workspace, project: toObjectId(projectId, 'project'), expiresAt }).lean();
  }

  /** @param after the last one of the page before */
  page(
    workspace: string,
    projectId: string,
    filter: PredictionFilter,
    {
      order,
      after,
      limit,
    }: { order: 'newest' | 'oldest'; after: { at: Date; id: Types.ObjectId } | null; limit: number },
  ): Promise<PredictionDocument[]> {
    const direction = order === 'newest' ? -1 : 1;
    const beyond = order === 'newest' ? '$lt' : '$gt';
    const createdAt = {
      ...(filter.from === undefined ? {} : { $gte: new Date(filter.from) }),
      ...(filter.to === undefined ? {} : { $lte: new Date(filter.to) }),
    };
    const conditions: object[] = [
      { workspace, project: toObjectId(projectId, 'project'), expiresAt: { $gt: new Date() } },
      ...(Object.keys(createdAt).length > 0 ? [{ createdAt }] : []),
      ...(after
        ? [{ $or: [{ createdAt: { [beyond]: after.at } }, { createdAt: after.at, _id: { [beyond]: after.id } }] }]
        : []),
      ...(filter.iterationId === undefined ? [] : [{ iteration: toObjectId(filter.iterationId, 'iteration') }]),
      ...(filter.application === undefined ? [] : [{ application: filter.application }]),
      ...(filter.tags.length === 0
        ? []
        : [
            {
              $or: filter.tags.map(({ tagId, min, max }) => ({
                tags: { $elemMatch: { tagId, probability: { $gte: min, $lte: max } } },
              })),
            },
          ]),
    ];
    return this.predictions.collection
      .find<PredictionDocument>({ $and: conditions } as mongo.Filter<mongo.BSON.Document>)
      .sort({ createdAt: direction, _id: direction })
      .limit(limit)
      .toArray();
  }

  async removeMany(workspace: string, projectId: string, ids: readonly string[]): Promise<void> {
    const _id = trusted({ $in: ids.map((id) => toObjectId(id, 'prediction')) });
    await this.predictions.deleteMany({ _id, workspace, project: toObjectId(projectId, 'project') });
  }

  async removeOfProject(workspace: string, projectId: string): Promise<void> {
    await this.predictions.deleteMany({ workspace, project: toObjectId(projectId, 'project') });
  }
}
