import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { FreshReads } from '@pentaprism/concurrency';
import { limited } from '@pentaprism/database';
import { Schema, type ClientSession, type Model, type Types } from 'mongoose';

interface ImageCountDocument {
  workspace: string;
  project: Types.ObjectId;
  slot: number;
  /** Grows with each change of images that is noted in this slot, by `REVISION_STEP` at most. */
  revision: number;
  /** As `revision`, for changes of what is known of the pixels of images: lists of all images do not show them. */
  analysed?: number;
  /** As `revision`, for thumbnails and resized pictures that were made again: images and their pixels are the same. */
  remade?: number;
  /** Writes that change nothing, but keep others from being committed. */
  fences?: number;
  total: number;
  uploaded: number;
  /** `total` and `uploaded` of each block of numbers that has images: key is the block. */
  blocks: Record<string, { total: number; uploaded?: number }>;
}

export const IMAGE_COUNT_MODEL = 'ImageCount';

export const imageCountSchema = new Schema<ImageCountDocument>(
  {
    workspace: { type: String, required: true },
    project: { type: Schema.Types.ObjectId, required: true },
    slot: { type: Number, required: true },
    revision: { type: Number, default: 0 },
    analysed: { type: Number, default: 0 },
    remade: { type: Number, default: 0 },
    fences: { type: Number, default: 0 },
    total: { type: Number, default: 0 },
    uploaded: { type: Number, default: 0 },
    blocks: { type: Schema.Types.Mixed, default: {} },
  },
  { collection: 'image_counts', versionKey: false },
);
imageCountSchema.index({ workspace: 1, project: 1, slot: 1 }, { unique: true });

/** Counters of one project: with one, any two transactions that add an image would conflict. */
const SLOTS = 32;

/**
 * Revisions grow by a random step. A crash can lose a change that was read before it was acknowledged. With steps of one,
 * the next change would get the same revision, and a cache of the lost change would count as current. 10^10 changes of one
 * project stay exact numbers.
 */
const REVISION_STEP = 2 ** 20;

/** Numbers of images in one block: what a deep page walks at most, instead of everything before it. */
export const BLOCK_NUMBERS = 2048;

export interface ImageCounts {
  readonly total: number;
  readonly uploaded: number;
}

export interface ImageCountsNow extends ImageCounts {
  /** Grows with every change of an image of the project. */
  readonly revision: number;
  /** Grows when it becomes known what the bytes of images are. */
  readonly analysed: number;
  /** Grows when thumbnails or resized pictures are made again. */
  readonly remade: number;
}

/** Changes whenever a picture of the project does, or comes, or goes: there is something new to learn from. */
export function pictureRevision({ revision, analysed }: ImageCountsNow): string {
  return `${revision}.${analysed}`;
}

/** As `pictureRevision`, but changes also when thumbnails or resized pictures are made again. */
export function shownRevision(counts: ImageCountsNow): string {
  return `${pictureRevision(counts)}.${counts.remade}`;
}

/** Images whose numbers lie in one block, highest numbers first. */
export interface ImageBlock extends ImageCounts {
  readonly lastNumber: number;
}

/** One change of the counts; `number` is that of the image. */
export interface CountChange extends ImageCounts {
  readonly number: number;
}

/**
 * How many images a project has, exactly, without counting 100,000 index entries for each page, and whether any of them
 * has changed since a list was read. The numbers change in the transaction that changes the images, in one of several
 * slots chosen at random; a read adds the slots up.
 */
@Injectable()
export class ImageCountRepository {
  private readonly reads = new FreshReads<ImageCountsNow>();

  constructor(@InjectModel(IMAGE_COUNT_MODEL) private readonly counts: Model<ImageCountDocument>) {}

  /** Notes that images came, went or changed; without changes of counts, only that something did. */
  async note(
    workspace: string,
    project: Types.ObjectId,
    changes: readonly CountChange[],
    session?: ClientSession,
  ): Promise<void> {
    const increments: Record<string, number> = { revision: step() };
    const add = (field: string, value: number) => {
      if (value !== 0) increments[field] = (increments[field] ?? 0) + value;
    };
    for (const { number, total, uploaded } of changes) {
      const block = `blocks.${Math.floor(number / BLOCK_NUMBERS)}`;
      add('total', total);
      add('uploaded', uploaded);
      add(`${block}.total`, total);
      add(`${block}.uploaded`, uploaded);
    }
    await this.increment(workspace, project, increments, session);
  }

  /** Notes that something became known of the pixels of images. */
  noteAnalysed(workspace: string, project: Types.ObjectId, session: ClientSession): Promise<void> {
    return this.increment(workspace, project, { analysed: step() }, session);
  }

  /** Notes that thumbnails or resized pictures of images were made again. */
  noteRemade(workspace: string, project: Types.ObjectId, session: ClientSession): Promise<void> {
    return this.increment(workspace, project, { remade: step() }, session);
  }

  private async increment(
    workspace: string,
    project: Types.ObjectId,
    increments: Record<string, number>,
    session: ClientSession | undefined,
  ): Promise<void> {
    const slot = Math.floor(Math.random() * SLOTS);
    await this.counts.collection.updateOne(
      { workspace, project, slot },
      { $inc: increments },
      { upsert: true, ...(session ? { session } : {}) },
    );
  }

  /** How many images a transaction sees in a project; those of others that are under way are not among them. */
  async total(workspace: string, project: Types.ObjectId, session: ClientSession): Promise<number> {
    return (await this.sum(workspace, project, session)).total;
  }

  /** Of a project that is gone, when no transaction can be left that would note something. */
  async remove(workspace: string, project: Types.ObjectId): Promise<void> {
    await this.counts.collection.deleteMany({ workspace, project });
  }

  /**
   * Afterwards no transaction that notes a change and began before this call can commit any more: those that had noted
   * theirs have ended, since a write outside of a transaction waits for them, and the others find that their slot has
   * changed since they began, and are run again. Slots are made where they are missing, or the first of a project would
   * slip through.
   *
   * One command, a few milliseconds; transactions that meet it are run twice.
   */
  async fence(workspace: string, project: Types.ObjectId): Promise<void> {
    await this.writeAll(workspace, project);
  }

  /**
   * Part of a transaction that read the total: of it and any other that notes a change, the later one runs again, so that
   * what it read is true until it ends.
   */
  async hold(workspace: string, project: Types.ObjectId, session: ClientSession): Promise<void> {
    await this.writeAll(workspace, project, session);
  }

  private async writeAll(workspace: string, project: Types.ObjectId, session?: ClientSession): Promise<void> {
    const slots = Array.from({ length: SLOTS }, (_, slot) => ({
      updateOne: { filter: { workspace, project, slot }, update: { $inc: { fences: 1 } }, upsert: true },
    }));
    await this.counts.collection.bulkWrite(slots, { ordered: false, ...(session ? { session } : {}) });
  }

  /** As they are at a moment after this call. */
  get(workspace: string, project: Types.ObjectId): Promise<ImageCountsNow> {
    return this.reads.get(`${workspace}/${project.toHexString()}`, () => limited(this.sum(workspace, project)));
  }

  /** All blocks, the highest numbers first. */
  async blocks(workspace: string, project: Types.ObjectId): Promise<ImageBlock[]> {
    const slots = await this.counts.collection
      .find<Partial<ImageCountDocument>>({ workspace, project }, { projection: { _id: 0, blocks: 1 } })
      .toArray();
    const sums = new Map<number, { total: number; uploaded: number }>();
    for (const [key, { total = 0, uploaded = 0 }] of slots.flatMap(({ blocks = {} }) => Object.entries(blocks))) {
      const sum = sums.get(Number(key)) ?? { total: 0, uploaded: 0 };
      sums.set(Number(key), { total: sum.total + total, uploaded: sum.uploaded + uploaded });
    }
    return [...sums]
      .sort(([a], [b]) => b - a)
      .map(([block, sum]) => ({ ...sum, lastNumber: (block + 1) * BLOCK_NUMBERS - 1 }));
  }

  /** Slots are read one after another; since none ever shrinks, an equal sum of revisions means equal slots. */
  private async sum(workspace: string, project: Types.ObjectId, session?: ClientSession): Promise<ImageCountsNow> {
    const options = session ? { session } : {};
    const [sum] = await this.counts.collection
      .aggregate<ImageCountsNow>(
        [
          { $match: { workspace, project } },
          {
            $group: {
              _id: null,
              total: { $sum: '$total' },
              uploaded: { $sum: '$uploaded' },
              revision: { $sum: '$revision' },
              analysed: { $sum: '$analysed' },
              remade: { $sum: '$remade' },
            },
          },
          { $project: { _id: 0 } },
        ],
        options,
      )
      .toArray();
    return sum ?? { total: 0, uploaded: 0, revision: 0, analysed: 0, remade: 0 };
  }
}

function step(): number {
  return 1 + Math.floor(Math.random() * REVISION_STEP);
}
