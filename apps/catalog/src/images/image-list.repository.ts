import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Model, mongo, Types } from 'mongoose';
import { IMAGE_MODEL, unexpired, type ImageDocument } from './image.schema.js';

export interface ImageFilter {
  readonly project: Types.ObjectId;
  /** Whole seconds, inclusive. */
  readonly createdFrom?: number | undefined;
  readonly createdTo?: number | undefined;
  readonly uploadedOnly: boolean;
  /** At least one tag of each group, or any at all. */
  readonly tagGroups: readonly (readonly Types.ObjectId[] | 'any')[];
}

/** Where a list goes on: the images from this number downwards, none of which is younger than this second. */
export interface ListStart {
  readonly number: number;
  readonly second: number;
}

type Filter = mongo.Filter<ImageDocument>;

/** Newest first. Numbers grow with seconds, and decide within one. */
const NEWEST_FIRST = { createdSecond: -1, number: -1 } as const;

const OLDEST_FIRST = { createdSecond: 1, number: 1 } as const;

const DECODED_FIELDS = { sha256: 1, createdSecond: 1, number: 1, expiresAt: 1 } as const;
export type DecodedImageDocument = Pick<ImageDocument, '_id' | 'createdSecond' | 'number' | 'expiresAt'> & {
  readonly sha256: string;
};

const FIELDS = { workspace: 0, draw: 0, radiograph: 0 } as const;

/**
 * Pages of images. Reads go to the driver: casting filters and building documents costs mongoose more than the database
 * takes to find them. Every value of a filter has been made here from a checked request.
 */
@Injectable()
export class ImageListRepository {
  constructor(@InjectModel(IMAGE_MODEL) private readonly images: Model<ImageDocument>) {}

  async page(
    workspace: string,
    filter: ImageFilter,
    { offset, limit, start }: { offset: number; limit: number; start?: ListStart | undefined },
  ): Promise<ImageDocument[]> {
    const query = toQuery(workspace, filter, start) as mongo.Filter<mongo.BSON.Document>;
    return this.images.collection
      .find<ImageDocument>(query, { projection: FIELDS })
      .sort(NEWEST_FIRST)
      .skip(offset)
      .limit(limit)
      .toArray();
  }

  /** Returns images whose pixels are known, oldest first, and no more at a time than `limit`. */
  decoded(
    workspace: string,
    project: Types.ObjectId,
    after: ListStart | undefined,
    limit: number,
  ): Promise<DecodedImageDocument[]> {
    const since = after ? { createdSecond: { $gte: after.second }, number: { $gt: after.number } } : {};
    return this.images.collection
      .find<DecodedImageDocument>(
        { workspace, project, ...since, state: 'decoded', sha256: { $type: 'string' }, ...unexpired() },
        { projection: DECODED_FIELDS },
      )
      .sort(OLDEST_FIRST)
      .limit(limit)
      .toArray();
  }

  /** Counts images with bytes that have not been decoded yet. */
  countPending(workspace: string, project: Types.ObjectId): Promise<number> {
    return this.images.collection.countDocuments({ workspace, project, state: 'pending' });
  }

  /** Counts in the index, which takes time in proportion to what is found. */
  count(workspace: string, filter: ImageFilter): Promise<number> {
    const query = toQuery(workspace, filter) as mongo.Filter<mongo.BSON.Document>;
    return this.images.collection.countDocuments(query);
  }

  /**
   * Where the images of the workspace begin whose numbers are not above this one, while there are higher ones. The
   * second is that of a higher number: it holds for images, too, whose transaction has not ended yet.
   */
  async startAt(workspace: string, number: number): Promise<ListStart | undefined> {
    const above = await this.images.collection.findOne(
      { workspace, number: { $gt: number } },
      { projection: { _id: 0, createdSecond: 1 }, sort: { number: 1 } },
    );
    return above ? { number, second: above.createdSecond as number } : undefined;
  }
}

function toQuery(workspace: string, filter: ImageFilter, start?: ListStart): Filter {
  const { project, createdFrom, createdTo, uploadedOnly, tagGroups } = filter;
  const from = createdFrom === undefined ? {} : { $gte: createdFrom };
  const to =
    createdTo === undefined && !start ? {} : { $lte: Math.min(createdTo ?? Infinity, start?.second ?? Infinity) };
  const second = { ...from, ...to };
  return {
    workspace,
    project,
    ...(Object.keys(second).length > 0 ? { createdSecond: second } : {}),
    ...(start ? { number: { $lte: start.number } } : {}),
    ...(uploadedOnly ? { sha256: { $type: 'string' } } : {}),
    ...(tagGroups.length > 0 ? { $and: tagGroups.map(toCondition) } : {}),
  };
}

function toCondition(group: readonly Types.ObjectId[] | 'any'): Filter {
  if (group === 'any') return { 'tags.0': { $exists: true } };
  return { 'tags.id': group.length === 1 ? (group[0] as Types.ObjectId) : { $in: [...group] } };
}
