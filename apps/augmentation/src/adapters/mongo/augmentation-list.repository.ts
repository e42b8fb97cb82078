import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { Types, type ClientSession, type Model } from 'mongoose';
import {
  AUGMENTATION_LIST_MODEL,
  toSettingsFields,
  type AugmentationListDocument,
  type ListSettings,
} from './augmentation-list.schema.js';

export interface ListFilter {
  readonly project: Types.ObjectId;
  readonly featureName?: string | undefined;
}

@Injectable()
export class AugmentationListRepository {
  constructor(@InjectModel(AUGMENTATION_LIST_MODEL) private readonly lists: Model<AugmentationListDocument>) {}

  async create(workspace: string, project: Types.ObjectId, settings: ListSettings): Promise<AugmentationListDocument> {
    const fields = { ...toSettingsFields(settings), _id: new Types.ObjectId(), workspace, project };
    return (await this.lists.create(fields)).toObject();
  }

  find(
    workspace: string,
    id: Types.ObjectId,
    session: ClientSession | null = null,
  ): Promise<AugmentationListDocument | null> {
    return this.lists.findOne({ _id: id, workspace }).session(session).lean();
  }

  /** Oldest first. */
  list(workspace: string, filter: ListFilter, offset: number, limit: number): Promise<AugmentationListDocument[]> {
    return this.lists.find(where(workspace, filter)).sort({ _id: 1 }).skip(offset).limit(limit).lean();
  }

  count(workspace: string, filter: ListFilter): Promise<number> {
    return this.lists.countDocuments(where(workspace, filter));
  }

  /** Null where the project has no list that is meant for trainings. */
  findNewestInitial(workspace: string, project: Types.ObjectId): Promise<AugmentationListDocument | null> {
    return this.lists.findOne({ workspace, project, initialList: true }).sort({ _id: -1 }).lean();
  }

  /** Returns false if the list was deleted. A deletion at the same time either precedes this or finds the list in use. */
  async markInUse(workspace: string, id: Types.ObjectId): Promise<boolean> {
    const { matchedCount } = await this.lists.updateOne({ _id: id, workspace }, { $set: { inUse: true } });
    return matchedCount === 1;
  }

  /** Null when there is no such list. */
  update(
    workspace: string,
    id: Types.ObjectId,
    changes: Partial<ListSettings>,
  ): Promise<AugmentationListDocument | null> {
    return this.lists
      .findOneAndUpdate({ _id: id, workspace }, { $set: toSettingsFields(changes) }, { returnDocument: 'after' })
      .lean();
  }

  /** False when the list is gone: its samples are not wanted any more. */
  async setSamples(
    workspace: string,
    id: Types.ObjectId,
    samples: Types.ObjectId,
    session: ClientSession,
  ): Promise<boolean> {
    const { matchedCount } = await this.lists.updateOne({ _id: id, workspace }, { $set: { samples } }, { session });
    return matchedCount === 1;
  }

  async remove(workspace: string, id: Types.ObjectId, session: ClientSession): Promise<boolean> {
    return (await this.lists.deleteOne({ _id: id, workspace }, { session })).deletedCount === 1;
  }
}

function where(workspace: string, { project, featureName }: ListFilter) {
  return { workspace, project, ...(featureName === undefined ? {} : { featureName }) };
}
