import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { toObjectId } from '@pentaprism/database';
import { systemDate } from '@pentaprism/domain';
import { trusted, type Model, type mongo, type Types } from 'mongoose';
import { APPLICATION_INDEX, ITERATION_INDEX, PREDICTION_MODEL, type PredictionDocument } from './prediction.schema.js';

export interface PredictionFilter {
  readonly iterationId?: string | undefined;
  readonly tags: readonly { readonly tagId: string; readonly min: number; readonly max: number }[];
  readonly application?: string | undefined;
  /** Milliseconds since the epoch, inclusive. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** Which part of a list. */
export interface Page {
  readonly order: 'newest' | 'oldest';
  /** The last one of the page before. */
  readonly after: { readonly at: Date; readonly id: Types.ObjectId } | null;
  readonly limit: number;
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
    const expiresAt = trusted({ $gt: systemDate() });
    return this.predictions.find({ _id, workspace, project: toObjectId(projectId, 'project'), expiresAt }).lean();
  }

  page(workspace: string, projectId: string, filter: PredictionFilter, page: Page): Promise<PredictionDocument[]> {
    return this.find(workspace, projectId, filter, page).toArray();
  }

  /** What the database does for a page; for tests. */
  explainPage(workspace: string, projectId: string, filter: PredictionFilter, page: Page) {
    return this.find(workspace, projectId, filter, page).explain('executionStats');
  }

  private find(workspace: string, projectId: string, filter: PredictionFilter, { order, after, limit }: Page) {
    const direction = order === 'newest' ? -1 : 1;
    const beyond = order === 'newest' ? '$lt' : '$gt';
    const createdAt = {
      ...(filter.from === undefined ? {} : { $gte: new Date(filter.from) }),
      ...(filter.to === undefined ? {} : { $lte: new Date(filter.to) }),
    };
    const conditions: object[] = [
      { workspace, project: toObjectId(projectId, 'project'), expiresAt: { $gt: systemDate() } },
      ...(Object.keys(createdAt).length > 0 ? [{ createdAt }] : []),
      ...(after
        ? [{ $or: [{ createdAt: { [beyond]: after.at } }, { createdAt: after.at, _id: { [beyond]: after.id } }] }]
        : []),
      ...(filter.iterationId === undefined ? [] : [{ iteration: toObjectId(filter.iterationId, 'iteration') }]),
      ...(filter.application === undefined ? [] : [{ application: filter.application }]),
      ...(filter.tags.length === 0 ? [] : [anyWithin(filter.tags)]),
    ];
    const found = this.predictions.collection
      .find<PredictionDocument>({ $and: conditions } as mongo.Filter<mongo.BSON.Document>)
      .sort({ createdAt: direction, _id: direction })
      .limit(limit);
    // Otherwise the database may have learnt from a project with one application that any index will do.
    if (filter.tags.length > 0) return found;
    if (filter.application !== undefined) return found.hint(APPLICATION_INDEX);
    return filter.iterationId === undefined ? found : found.hint(ITERATION_INDEX);
  }

  async removeMany(workspace: string, projectId: string, ids: readonly string[]): Promise<void> {
    const _id = trusted({ $in: ids.map((id) => toObjectId(id, 'prediction')) });
    await this.predictions.deleteMany({ _id, workspace, project: toObjectId(projectId, 'project') });
  }

  async removeOfProject(workspace: string, projectId: string): Promise<void> {
    await this.predictions.deleteMany({ workspace, project: toObjectId(projectId, 'project') });
  }
}

/** One condition for one tag, and not a choice among one: of a choice the database cannot use an index's order. */
function anyWithin(tags: PredictionFilter['tags']): object {
  const conditions = tags.map(({ tagId, min, max }) => ({
    tags: { $elemMatch: { tagId, probability: { $gte: min, $lte: max } } },
  }));
  return conditions.length === 1 ? (conditions[0] as object) : { $or: conditions };
}
