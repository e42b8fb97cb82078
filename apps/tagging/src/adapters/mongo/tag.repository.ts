import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { tagReferenceOf, type TagDetails, type TagReference } from '@pentaprism/contracts';
import { notFound, toObjectId } from '@pentaprism/database';
import { TAG_TYPES, type TagType } from '@pentaprism/domain';
import { Schema, trusted, type ClientSession, type Model, type QueryFilter, type Types } from 'mongoose';

export interface TagDocument {
  _id: Types.ObjectId;
  workspace: string;
  project: Types.ObjectId;
  /** Positive, unique in the workspace, never reused. */
  number: number;
  /** Exactly as given: names differ in case and in white space. */
  name: string;
  /** Absent: ''. */
  description?: string;
  /** Absent: regular. */
  type?: TagType;
  createdAt: Date;
  /** The project's revision of the last renaming; none while the tag has its first name. */
  revision?: number;
}

/** What may be changed about a tag. */
export type TagChanges = Partial<Pick<TagDocument, 'name' | 'description' | 'type' | 'revision'>>;

/** A tag by its canonical id or by its number. */
export type TagKey = { readonly id: string } | { readonly number: number };

export const TAG_MODEL = 'Tag';

export const tagSchema = new Schema<TagDocument>(
  {
    workspace: { type: String, required: true },
    project: { type: Schema.Types.ObjectId, required: true },
    number: { type: Number, required: true },
    name: { type: String, required: true },
    description: String,
    type: { type: String, enum: TAG_TYPES },
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

  /** Those of these tags that there are, in no order. */
  async findByIds(workspace: string, project: Types.ObjectId, ids: readonly string[]): Promise<TagDetails[]> {
    const wanted = ids.map((id) => toObjectId(id, 'tag'));
    const found = await this.tags.find({ workspace, project, _id: trusted({ $in: wanted }) }).lean();
    return found.map(toDetails);
  }

  /** All tags of a project, in no order. */
  async all(workspace: string, project: Types.ObjectId, session: ClientSession): Promise<TagDetails[]> {
    const found = await this.tags.collection
      .find<TagDocument>(
        { workspace, project },
        { projection: { number: 1, name: 1, description: 1, type: 1 }, session },
      )
      .toArray();
    return found.map(toDetails);
  }

  /** @throws DomainError NOT_FOUND, also for the tag of another project */
  async get(workspace: string, project: Types.ObjectId, key: TagKey, session?: ClientSession): Promise<TagDocument> {
    const tag = await this.tags
      .findOne({ workspace, project, ...keyFilter(key) }, null, session ? { session } : {})
      .lean();
    if (!tag) throw notFound('tag');
    return tag;
  }

  async add(tags: readonly Omit<TagDocument, '_id'>[], session: ClientSession): Promise<TagDetails[]> {
    const added = await this.tags.insertMany(tags, { session });
    return added.map(toDetails);
  }

  async change({ _id, workspace }: TagDocument, changes: TagChanges, session: ClientSession): Promise<void> {
    await this.tags.updateOne({ _id, workspace }, { $set: changes }, { session });
  }

  async remove({ _id, workspace }: TagDocument, session: ClientSession): Promise<void> {
    await this.tags.deleteOne({ _id, workspace }, { session });
  }

  /** Removes up to `limit` tags of a project. @returns how many it has removed */
  async removeSome(workspace: string, project: Types.ObjectId, limit: number): Promise<number> {
    const some = await this.tags.find({ workspace, project }, { _id: 1 }, { limit }).lean();
    if (some.length === 0) return 0;
    const ids = some.map(({ _id }) => _id);
    await this.tags.deleteMany({ workspace, project, _id: trusted({ $in: ids }) });
    return some.length;
  }
}

export function toReference(tag: Parameters<typeof toDetails>[0]): TagReference {
  return tagReferenceOf(toDetails(tag));
}

export function toDetails(tag: Pick<TagDocument, '_id' | 'number' | 'name' | 'description' | 'type'>): TagDetails {
  const { _id, number, name, description = '', type = 'regular' } = tag;
  return { id: _id.toHexString(), number, name, description, type };
}

function keyFilter(key: TagKey): QueryFilter<TagDocument> {
  return 'id' in key ? { _id: toObjectId(key.id, 'tag') } : { number: key.number };
}
