import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { removeSome, toObjectId } from '@pentaprism/database';
import { trusted, type ClientSession, type Model, type Types } from 'mongoose';
import { DUPLICATES_INDEX, PROJECT_IMAGE_MODEL, type ProjectImageDocument } from './modeling.schema.js';

/** The fields of an image that lists show. */
export type ShownProjectImage = Pick<ProjectImageDocument, 'position' | 'image' | 'width' | 'height' | 'rows'>;

const WITHOUT_ID = { _id: 0 } as const;
const SHOWN = { _id: 0, position: 1, image: 1, width: 1, height: 1, rows: 1 } as const;
/** Positions of one message of the database. */
const POSITIONS_PER_BATCH = 5_000;

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

  /**
   * Returns the images at positions of a column, in their order. Not through mongoose, which takes longer than the database.
   */
  atPositions(project: Types.ObjectId, column: number, positions: readonly number[]): Promise<ShownProjectImage[]> {
    const filter = { project, column, position: { $in: [...positions] } };
    const options = { projection: SHOWN, sort: { position: 1 } } as const;
    return this.images.collection.find<ShownProjectImage>(filter, options).toArray();
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

  /** Returns the positions of all images that two rows or more have, those of most rows first. */
  async duplicatePositions(project: Types.ObjectId, column: number): Promise<Int32Array> {
    const found = this.images.collection.find<{ position: number }>(
      { project, column, rows: { $gt: 1 } },
      {
        projection: { _id: 0, position: 1 },
        hint: DUPLICATES_INDEX,
        sort: { rows: -1, position: 1 },
        batchSize: POSITIONS_PER_BATCH,
      },
    );
    const positions: number[] = [];
    for await (const { position } of found) positions.push(position);
    return Int32Array.from(positions);
  }

  findImage(project: Types.ObjectId, imageId: string): Promise<ProjectImageDocument | null> {
    return this.images.findOne({ project, image: toObjectId(imageId, 'image') }, WITHOUT_ID).lean();
  }

  /** Removes some images of a project. Returns whether none is left. */
  removeSome(project: Types.ObjectId): Promise<boolean> {
    return removeSome(this.images.collection, { project });
  }
}
