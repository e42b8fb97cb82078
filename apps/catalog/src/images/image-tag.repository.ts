import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { ClientSession, Model, Types } from 'mongoose';
import { IMAGE_MODEL, INDEXES, unexpired, type ImageDocument, type TagDocument } from './image.schema.js';

/** An image on a walk through all that carry a tag. */
export type TaggedImage = Pick<ImageDocument, '_id' | 'createdSecond' | 'number'>;

/** What tags are given to, and what it carries already. */
export type TaggableImage = Pick<ImageDocument, '_id' | 'tags'>;

/** New tags of one image. */
export interface Tagging {
  readonly image: Types.ObjectId;
  readonly tags: readonly TagDocument[];
}

/** Takes tags from images, and keeps the mark that tells whether there are any. Part of an update. */
const without = (tags: readonly Types.ObjectId[]) => [
  { $set: { tags: { $filter: { input: '$tags', cond: { $not: { $in: ['$$this.id', [...tags]] } } } } } },
  { $set: { tagged: { $gt: [{ $size: '$tags' }, 0] } } },
];

/** The tags that images carry. */
@Injectable()
export class ImageTagRepository {
  constructor(@InjectModel(IMAGE_MODEL) private readonly images: Model<ImageDocument>) {}

  /** Replaces the tags of an image; null when there is no such image. Those that it had keep the time they came. */
  async set(
    workspace: string,
    id: Types.ObjectId,
    tags: readonly TagDocument[],
    session: ClientSession,
  ): Promise<ImageDocument | null> {
    const before = await this.images.findOne({ _id: id, workspace }, null, { session }).lean();
    if (!before || before.hidden) return null;
    const since = new Map(before.tags.map(({ id, at }) => [id.toHexString(), at ?? before.createdAt]));
    const kept = tags.map((tag) => {
      const at = since.get(tag.id.toHexString()) ?? tag.at;
      return at ? { ...tag, at } : tag;
    });
    const change = { $set: { tags: kept, tagged: kept.length > 0 } };
    return this.images.findOneAndUpdate({ _id: id, workspace }, change, { session, returnDocument: 'after' }).lean();
  }

  /** Those of the pictures of a project that there are. */
  taggable(
    workspace: string,
    project: Types.ObjectId,
    ids: readonly Types.ObjectId[],
    session: ClientSession,
  ): Promise<TaggableImage[]> {
    return this.images.collection
      .find<TaggableImage>(
        { _id: { $in: [...ids] }, workspace, project, state: 'decoded', ...unexpired() },
        { session, projection: { tags: 1 } },
      )
      .toArray();
  }

  /** Gives images tags that they do not carry yet; who asks has looked in the same transaction. */
  async add(workspace: string, taggings: readonly Tagging[], session: ClientSession): Promise<void> {
    if (taggings.length === 0) return;
    const updates = taggings.map(({ image, tags }) => ({
      updateOne: {
        filter: { _id: image, workspace },
        // The driver's types do not know the members of arrays of a collection without a schema.
        update: { $push: { tags: { $each: [...tags] } } as never, $set: { tagged: true } },
      },
    }));
    await this.images.collection.bulkWrite(updates, { session, ordered: true });
  }

  /** Takes tags from pictures of a project. @returns how many images that changed */
  async remove(
    workspace: string,
    project: Types.ObjectId,
    { images, tags }: { images: readonly Types.ObjectId[]; tags: readonly Types.ObjectId[] },
    session: ClientSession,
  ): Promise<number> {
    const filter = { _id: { $in: [...images] }, workspace, project, state: 'decoded', 'tags.id': { $in: [...tags] } };
    return (await this.images.collection.updateMany(filter, without(tags), { session })).modifiedCount;
  }

  /**
   * The next images of a project that carry a tag, from the newest on. In the order of the index, and from where the part
   * before ended: numbers never change, and looking from the beginning again would cost the square of the whole.
   */
  carrying(
    workspace: string,
    project: Types.ObjectId,
    tag: Types.ObjectId,
    { after, limit }: { after: TaggedImage | undefined; limit: number },
  ): Promise<TaggedImage[]> {
    const rest = after ? { createdSecond: { $lte: after.createdSecond }, number: { $lt: after.number } } : {};
    return this.images.collection
      .find<TaggedImage>(
        { workspace, project, 'tags.id': tag, ...rest },
        { projection: { createdSecond: 1, number: 1 } },
      )
      .sort({ createdSecond: -1, number: -1 })
      .limit(limit)
      .toArray();
  }

  /** Whether an image of a project carries a tag beside others. A look at each that carries it, in the worst case. */
  async isBesideOthers(workspace: string, project: Types.ObjectId, tag: Types.ObjectId): Promise<boolean> {
    const filter = { workspace, project, 'tags.id': tag, 'tags.1': { $exists: true } };
    const found = await this.images.collection.findOne(filter, { projection: { _id: 1 }, hint: INDEXES.tag });
    return found !== null;
  }

  /** Gives a tag its name on these images, or takes it off (`null`). @returns how many images that changed */
  async apply(
    workspace: string,
    images: readonly TaggedImage[],
    tag: { readonly id: Types.ObjectId; readonly name: string | null },
    session: ClientSession,
  ): Promise<number> {
    const { id, name } = tag;
    const these = { _id: { $in: images.map(({ _id }) => _id) }, workspace };
    const { modifiedCount } =
      name === null
        ? await this.images.collection.updateMany({ ...these, 'tags.id': id }, without([id]), { session })
        : await this.images.collection.updateMany(
            { ...these, tags: { $elemMatch: { id, name: { $ne: name } } } },
            { $set: { 'tags.$[tag].name': name } },
            { session, arrayFilters: [{ 'tag.id': id }] },
          );
    return modifiedCount;
  }
}
