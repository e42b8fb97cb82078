import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { TagReference } from '@pentaprism/contracts';
import { notFound, toObjectId } from '@pentaprism/database';
import { Schema, trusted, type ClientSession, type Model, type QueryFilter, type Types } from 'mongoose';

export interface TagDocument {
  _id: Types.ObjectId;
  workspace: string;
  project: Types.ObjectId;
  /** Positive, unique in the workspace, never reused. */
  number: number;
  /** Exactly as given: names differ in case and in white space. */
  name: string;
  createdAt: Date;
  /** The project's revision of the last renaming; none while the tag has its first name. */
  revision?: number;
}

/** A tag by its canonical id or by its number. */
export type TagKey = { readonly id: string } | { readonly number: number };

export const TAG_MODEL = 'Tag';

export const tagSchema = new Schema<TagDocument>(
  {
    workspace: { type: String, required: true },
    project: { type: Schema.Types.ObjectId, required: true },
    number: { type: Number, required: true },
    name: { type: String, required: true },
    createdAt: { type: Date, required: true },
    revision: Number,
  },
  { collection: 'tags', versionKey: false },
);
// No two tags of one name: transactions take turns to look first, and this holds whatever they do.
tagSchema.index({ workspace: 1, project: 1, name: 1 }, { unique: true });
tagSchema.index({ workspace: 1, number: 1 }, { unique: true });

@Injectable()
export class TagRepository {
  constructor(@InjectModel(TAG_MODEL) private readonly tags: Model<TagDocument>) {}

  async findByNames(
    workspace: string,
    project: Types.ObjectId,
    names: readonly string[],
    session?: ClientSession,
  ): Promise<TagReference[]> {
    const found = await this.tags
      .find({ workspace, project, name: trusted({ $in: [...names] }) }, null, session ? { session } : {})
      .lean();
    return found.map(toReference);
  }

  /** All tags of a project, in no order. */
  async all(workspace: string, project: Types.ObjectId, session: ClientSession): Promise<TagReference[]> {
    const found = await this.tags.collection
      .find<TagDocument>({ workspace, project }, { projection: { number: 1, name: 1 }, session })
      .toArray();
    return found.map(toReference);
  }

  /** @throws DomainError NOT_FOUND, also for the tag of another project */
  async get(workspace: string, project: Types.ObjectId, key: TagKey, session?: ClientSession): Promise<TagDocument> {
    const tag = await this.tags
      .findOne({ workspace, project, ...keyFilter(key) }, null, session ? { session } : {})
      .lean();
    if (!tag) throw notFound('tag');
    return tag;
  }

  async add(tags: readonly Omit<TagDocument, '_id'>[], session: ClientSession): Promise<TagReference[]> {
    const added = await this.tags.insertMany(tags, { session });
    return added.map(toReference);
  }

  async rename(tag: TagDocument, name: string, revision: number, session: ClientSession): Promise<void> {
    const { _id, workspace } = tag;
    await this.tags.updateOne({ _id, workspace }, { $set: { name, revision } }, { session });
  }

  async remove({ _id, workspace }: TagDocument, session: ClientSession): Promise<void> {
    await this.tags.deleteOne({ _id, workspace }, { session });
  }
}

export function toReference({ _id, number, name }: Pick<TagDocument, '_id' | 'number' | 'name'>): TagReference {
  return { id: _id.toHexString(), number, name };
}

function keyFilter(key: TagKey): QueryFilter<TagDocument> {
  return 'id' in key ? { _id: toObjectId(key.id, 'tag') } : { number: key.number };
}
