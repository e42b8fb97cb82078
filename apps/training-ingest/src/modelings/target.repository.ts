import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { removeSome, toObjectId } from '@pentaprism/database';
import { trusted, type Model, type Types } from 'mongoose';
import {
  LABELS_INDEX,
  NUMBERS_INDEX,
  TARGET_BIN_MODEL,
  TARGET_FINDING_MODEL,
  TARGET_IMAGE_MODEL,
  type TargetBinDocument,
  type TargetFindingDocument,
  type TargetImageDocument,
} from './target.schema.js';

/** Images of a column: a range of positions or of places, or ascending positions. */
export type Selection =
  | {
      readonly by: 'position' | 'place';
      readonly first: number;
      /** Exclusive. */
      readonly end: number;
    }
  | { readonly positions: Int32Array };

/** The fields of an image that lists show. */
export type ShownTargetImage = Pick<TargetImageDocument, 'image' | 'width' | 'height' | 'label' | 'labels' | 'number'>;

const SHOWN = { _id: 0, image: 1, width: 1, height: 1, label: 1, labels: 1, number: 1 } as const;
/** Positions of one message of the database. */
const POSITIONS_PER_BATCH = 5_000;

/** The images, bins and findings of targets. */
@Injectable()
export class TargetRepository {
  constructor(
    @InjectModel(TARGET_IMAGE_MODEL) private readonly images: Model<TargetImageDocument>,
    @InjectModel(TARGET_BIN_MODEL) private readonly bins: Model<TargetBinDocument>,
    @InjectModel(TARGET_FINDING_MODEL) private readonly findings: Model<TargetFindingDocument>,
  ) {}

  /** Replaces images at the same positions. */
  async putImages(images: readonly TargetImageDocument[]): Promise<void> {
    if (images.length === 0) return;
    await this.images.collection.bulkWrite(
      images.map(({ target, column, position, ...rest }) => ({
        replaceOne: {
          filter: { target, column, position },
          replacement: { target, column, position, ...rest },
          upsert: true,
        },
      })),
    );
  }

  async putBins(bins: readonly TargetBinDocument[]): Promise<void> {
    await this.bins.collection.bulkWrite(
      bins.map(({ target, column, order, ...rest }) => ({
        replaceOne: {
          filter: { target, column, order },
          replacement: { target, column, order, ...rest },
          upsert: true,
        },
      })),
    );
  }

  /** Replaces findings at the same places. */
  async putFindings(findings: readonly TargetFindingDocument[]): Promise<void> {
    await this.findings.collection.bulkWrite(
      findings.map(({ target, rank, order, ...rest }) => ({
        replaceOne: {
          filter: { target, rank, order },
          replacement: { target, rank, order, ...rest },
          upsert: true,
        },
      })),
    );
  }

  /** Returns findings of one kind in their order. */
  findFindings(target: Types.ObjectId, rank: number, offset: number, limit: number): Promise<TargetFindingDocument[]> {
    const order = trusted({ $gte: offset, $lt: offset + limit });
    return this.findings.find({ target, rank, order }).sort({ order: 1 }).lean();
  }

  /** Returns a part of selected images, in their order. Not through mongoose, which takes longer than the database. */
  async page(
    target: Types.ObjectId,
    column: number,
    selection: Selection,
    { offset, limit }: { offset: number; limit: number },
  ): Promise<ShownTargetImage[]> {
    const by = 'positions' in selection ? 'position' : selection.by;
    const places = partOf(selection, offset, limit);
    if (!places) return [];
    return this.images.collection
      .find<ShownTargetImage>({ target, column, [by]: places }, { projection: SHOWN, sort: { [by]: 1 } })
      .toArray();
  }

  /** Returns the positions of all images that have all of the labels, in ascending order. */
  async positionsWithLabels(target: Types.ObjectId, column: number, labels: readonly string[]): Promise<Int32Array> {
    const found = this.images.collection.find<{ position: number }>(
      { target, column, labels: { $all: labels } },
      {
        projection: { _id: 0, position: 1 },
        hint: LABELS_INDEX,
        sort: { position: 1 },
        batchSize: POSITIONS_PER_BATCH,
      },
    );
    const positions: number[] = [];
    for await (const { position } of found) positions.push(position);
    return Int32Array.from(positions);
  }

  /** Returns the place of the first image whose number is at least this one; undefined if all numbers are smaller. */
  async firstPlace(target: Types.ObjectId, column: number, number: number): Promise<number | undefined> {
    const found = await this.images
      .findOne({ target, column, number: trusted({ $gte: number }) }, { place: 1 })
      .hint(NUMBERS_INDEX)
      .sort({ number: 1, place: 1 })
      .lean();
    return found?.place;
  }

  /** Returns a record of an image if all of its records have the same value; else null. */
  async findAgreed(target: Types.ObjectId, imageId: string): Promise<TargetImageDocument | null> {
    const filter = { target, image: toObjectId(imageId, 'image') };
    const first = await this.images.findOne(filter).lean();
    if (!first) return null;
    const field = (['label', 'labels', 'number'] as const).find((name) => first[name] !== undefined) ?? 'label';
    // Not through mongoose, which would compare each label of a list.
    const other = await this.images.collection.findOne({ ...filter, [field]: { $ne: first[field] } });
    return other ? null : first;
  }

  findBin(target: Types.ObjectId, column: number, label: string): Promise<TargetBinDocument | null> {
    return this.bins.findOne({ target, column, label }).lean();
  }

  /** Returns bins in their order, with the images that represent them. */
  async pageOfBins(
    target: Types.ObjectId,
    column: number,
    { offset, limit }: { offset: number; limit: number },
  ): Promise<{ bins: { bin: TargetBinDocument; cover: TargetImageDocument | null }[]; total: number }> {
    const [bins, total] = await Promise.all([
      this.bins
        .find({ target, column, order: trusted({ $gte: offset }) })
        .sort({ order: 1 })
        .limit(limit)
        .lean(),
      this.bins.countDocuments({ target, column }),
    ]);
    const positions = bins.flatMap(({ cover }) => cover ?? []);
    const covers = await this.images.find({ target, column, position: trusted({ $in: positions }) }).lean();
    const byPosition = new Map(covers.map((image) => [image.position, image]));
    return { bins: bins.map((bin) => ({ bin, cover: byPosition.get(bin.cover ?? -1) ?? null })), total };
  }

  /** Removes some of what belongs to targets of a project, except for one. Returns whether nothing is left. */
  removeSome(project: Types.ObjectId, kept?: Types.ObjectId): Promise<boolean> {
    return this.removeSomeThat({ project, ...(kept && { target: { $ne: kept } }) });
  }

  /** Removes some records of one target. Returns whether none is left. */
  removeSomeOf(target: Types.ObjectId): Promise<boolean> {
    return this.removeSomeThat({ target });
  }

  private async removeSomeThat(filter: Parameters<typeof removeSome>[1]): Promise<boolean> {
    for (const { collection } of [this.images, this.bins, this.findings])
      if (!(await removeSome(collection, filter))) return false;
    return true;
  }
}

/** Returns the number of selected images. */
export function sizeOf(selection: Selection): number {
  return 'positions' in selection ? selection.positions.length : selection.end - selection.first;
}

/** Returns a condition on positions or places; null if the part is empty. */
function partOf(selection: Selection, offset: number, limit: number) {
  if (offset >= sizeOf(selection) || limit <= 0) return null;
  if ('positions' in selection) return { $in: [...selection.positions.subarray(offset, offset + limit)] };
  const { first, end } = selection;
  return { $gte: first + offset, $lt: Math.min(end, first + offset + limit) };
}
