import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { Schema, type ClientSession, type Model, type Types } from 'mongoose';

interface ImageCountDocument {
  workspace: string;
  project: Types.ObjectId;
  slot: number;
  total: number;
  uploaded: number;
}

export const IMAGE_COUNT_MODEL = 'ImageCount';

export const imageCountSchema = new Schema<ImageCountDocument>(
  {
    workspace: { type: String, required: true },
    project: { type: Schema.Types.ObjectId, required: true },
    slot: { type: Number, required: true },
    total: { type: Number, default: 0 },
    uploaded: { type: Number, default: 0 },
  },
  { collection: 'image_counts', versionKey: false },
);
imageCountSchema.index({ workspace: 1, project: 1, slot: 1 }, { unique: true });

/** Counters of one project: with one, any two transactions that add an image would conflict. */
const SLOTS = 32;

export interface ImageCounts {
  readonly total: number;
  readonly uploaded: number;
}

/**
 * How many images a project has, exactly, without counting 100,000 index entries for each page. The numbers change in
 * the transaction that changes the images, in one of several slots chosen at random; a read adds the slots up.
 */
@Injectable()
export class ImageCountRepository {
  constructor(@InjectModel(IMAGE_COUNT_MODEL) private readonly counts: Model<ImageCountDocument>) {}

  async add(workspace: string, project: Types.ObjectId, change: ImageCounts, session: ClientSession): Promise<void> {
    const slot = Math.floor(Math.random() * SLOTS);
    await this.counts.updateOne({ workspace, project, slot }, { $inc: change }, { upsert: true, session });
  }

  async get(workspace: string, project: Types.ObjectId): Promise<ImageCounts> {
    const slots = await this.counts.find({ workspace, project }, { _id: 0, total: 1, uploaded: 1 }).lean();
    return slots.reduce((sum, slot) => ({ total: sum.total + slot.total, uploaded: sum.uploaded + slot.uploaded }), {
      total: 0,
      uploaded: 0,
    });
  }
}
