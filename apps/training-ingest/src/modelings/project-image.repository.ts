import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { removeSome, toObjectId } from '@pentaprism/database';
import { trusted, type ClientSession, type Model, type Types } from 'mongoose';
import { DUPLICATES_INDEX, PROJECT_IMAGE_MODEL, type ProjectImageDocument } from './modeling.schema.js';

const WITHOUT_ID = { _id: 0 } as const;

/** The images of projects that were made of a dataset. */
@Injectable()
export class ProjectImageRepository {
  constructor(@InjectModel(PROJECT_IMAGE_MODEL) private readonly images: Model<ProjectImageDocument>) {}

  /** Returns the records of these bytes in all columns of a project. */
  withHashes(project: Types.ObjectId, hashes: readonly string[]): Promise<ProjectImageDocument[]> {
    return this.images.find({ project, sha256: trusted({ $in: [...hashes] }) }, WITHOUT_ID).lean();
  }

  /** Adds images, or rows to those that are there. */
  async count(images: readonly ProjectImageDocument[], session: ClientSession): Promise<void> {
    if (images.length === 0) return;
    await this.images.collection.bulkWrite(
      images.map(({ rows, project, sha256, column, ...fields }) => ({
        updateOne: {
          filter: { project, sha256, column },
          update: { $inc: { rows }, $setOnInsert: fields },
          upsert: true,
        },
      })),
      { session },
    );
  }

  /** Returns the images at positions of a column, in their order. */
  atPositions(project: Types.ObjectId, column: number, positions: readonly number[]): Promise<ProjectImageDocument[]> {
    return this.images
      .find({ project, column, position: trusted({ $in: [...positions] }) }, WITHOUT_ID)
      .sort({ position: 1 })
      .lean();
  }

  /** Returns the images at consecutive positions of a column, in their order. `end` is exclusive. */
  inRange(
    project: Types.ObjectId,
    column: number,
    { first, end }: { first: number; end: number },
  ): Promise<ProjectImageDocument[]> {
    return this.images
      .find({ project, column, position: trusted({ $gte: first, $lt: end }) }, WITHOUT_ID)
      .sort({ position: 1 })
      .lean();
  }

  /** Returns images that two rows or more have, those of most rows first, and how many there are. */
  async duplicates(
    project: Types.ObjectId,
    column: number,
    { offset, limit }: { offset: number; limit: number },
  ): Promise<{ images: ProjectImageDocument[]; total: number }> {
    const filter = { project, column, rows: trusted({ $gt: 1 }) };
    const [images, total] = await Promise.all([
      this.images
        .find(filter, WITHOUT_ID)
        .hint(DUPLICATES_INDEX)
        .sort({ rows: -1, position: 1 })
        .skip(offset)
        .limit(limit)
        .lean(),
      this.images.countDocuments(filter).hint(DUPLICATES_INDEX),
    ]);
    return { images, total };
  }

  findImage(project: Types.ObjectId, imageId: string): Promise<ProjectImageDocument | null> {
    return this.images.findOne({ project, image: toObjectId(imageId, 'image') }, WITHOUT_ID).lean();
  }

  /** Removes some images of a project. Returns whether none is left. */
  removeSome(project: Types.ObjectId): Promise<boolean> {
    return removeSome(this.images.collection, { project });
  }
}
