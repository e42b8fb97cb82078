import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { ClientSession, Model, Types } from 'mongoose';
import { IMAGE_MODEL, type ImageDocument } from './image.schema.js';

/** An image on a walk through all that carry a tag. */
export type TaggedImage = Pick<ImageDocument, '_id' | 'createdSecond' | 'number'>;

/** The tags that images carry. */
@Injectable()
export class ImageTagRepository {
  constructor(@InjectModel(IMAGE_MODEL) private readonly images: Model<ImageDocument>) {}

  /** Replaces the tags of an image; null when there is no such image. */
  set(
    workspace: string,
    id: Types.ObjectId,
    tags: ImageDocument['tags'],
    session: ClientSession,
  ): Promise<ImageDocument | null> {
    return this.images
      .findOneAndUpdate({ _id: id, workspace }, { $set: { tags } }, { session, returnDocument: 'after' })
      .lean();
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
        ? await this.images.collection.updateMany(
            { ...these, 'tags.id': id },
            // The driver's types do not know the members of arrays of a collection without a schema.
            { $pull: { tags: { id } } as never },
            { session },
          )
        : await this.images.collection.updateMany(
            { ...these, tags: { $elemMatch: { id, name: { $ne: name } } } },
            { $set: { 'tags.$[tag].name': name } },
            { session, arrayFilters: [{ 'tag.id': id }] },
          );
    return modifiedCount;
  }
}
