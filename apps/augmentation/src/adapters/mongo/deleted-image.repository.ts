import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { systemDate } from '@pentaprism/domain';
import { trusted, type ClientSession, type Model, type Types } from 'mongoose';
import { DELETED_IMAGE_MODEL, type DeletedImageDocument } from './deleted-image.schema.js';

@Injectable()
export class DeletedImageRepository {
  constructor(@InjectModel(DELETED_IMAGE_MODEL) private readonly images: Model<DeletedImageDocument>) {}

  async remember(workspace: string, image: Types.ObjectId): Promise<void> {
    await this.images.updateOne(
      { _id: image },
      { $setOnInsert: { workspace, deletedAt: systemDate() } },
      { upsert: true },
    );
  }

  /** Which of these were deleted, as hexadecimal ids. */
  async among(workspace: string, images: readonly Types.ObjectId[], session: ClientSession): Promise<Set<string>> {
    const found = await this.images
      .find({ _id: trusted({ $in: [...images] }), workspace }, { _id: 1 })
      .session(session)
      .lean();
    return new Set(found.map(({ _id }) => _id.toHexString()));
  }

  /** Of all workspaces, for the sweeper. */
  since(date: Date): Promise<DeletedImageDocument[]> {
    return this.images.find({ deletedAt: trusted({ $gte: date }) }).lean();
  }
}
