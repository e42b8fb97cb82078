import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { TagReference } from '@pentaprism/contracts';
import { isDuplicateKey } from '@pentaprism/database';
import { trusted, Schema, type Model, type Types } from 'mongoose';

export interface TagDocument {
  _id: Types.ObjectId;
  workspace: string;
  project: Types.ObjectId;
  /** Positive, unique in the workspace, never reused. */
  number: number;
  /** Exactly as given: names differ in case and in white space. */
  name: string;
  createdAt: Date;
}

export const TAG_MODEL = 'Tag';

export const tagSchema = new Schema<TagDocument>(
  {
    workspace: { type: String, required: true },
    project: { type: Schema.Types.ObjectId, required: true },
    number: { type: Number, required: true },
    name: { type: String, required: true },
    createdAt: { type: Date, required: true },
  },
  { collection: 'tags', versionKey: false },
);
// Two clients that make the same tag at once make one: the second insert fails, and finds the first.
tagSchema.index({ workspace: 1, project: 1, name: 1 }, { unique: true });
tagSchema.index({ workspace: 1, number: 1 }, { unique: true });

@Injectable()
export class TagRepository {
  constructor(@InjectModel(TAG_MODEL) private readonly tags: Model<TagDocument>) {}

  async findByNames(workspace: string, project: Types.ObjectId, names: readonly string[]): Promise<TagReference[]> {
    const found = await this.tags.find({ workspace, project, name: trusted({ $in: [...names] }) }).lean();
    return found.map(({ _id, number, name }) => ({ id: _id.toHexString(), number, name }));
  }

  /** Adds what is not there yet; a tag that another client made in the meantime is left as it is. */
  async addMissing(tags: readonly Omit<TagDocument, '_id'>[]): Promise<void> {
    try {
      await this.tags.insertMany(tags, { ordered: false });
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
  }
}
