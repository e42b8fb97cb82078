import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { TrainingImage } from '@pentaprism/contracts';
import type { Model, mongo, Types } from 'mongoose';
import type { PictureContent } from '../contents/content.repository.js';
import { IMAGE_MODEL, INDEXES, unexpired, type ImageDocument, type MetadataPair } from '../images/image.schema.js';
import { SNAPSHOT_IMAGE_MODEL, SNAPSHOT_INDEXES, type SnapshotImageDocument } from './snapshot.schema.js';

/** Where to look: in a project, or in a copy of it. */
export interface TrainingScope {
  readonly workspace: string;
  readonly project: Types.ObjectId;
  /** The attempt that became the snapshot. */
  readonly copy?: Types.ObjectId | undefined;
}

export interface TrainingFilter {
  readonly tagging: 'all' | 'tagged' | 'untagged';
  /** Carrying at least one of these; undefined: whatever they carry. */
  readonly anyOfTags?: readonly Types.ObjectId[] | undefined;
}

/** A picture of a project, as a list needs it. */
export type TrainingImageDocument = Pick<
  ImageDocument,
  '_id' | 'project' | 'fileName' | 'createdAt' | 'tags' | 'expiresAt' | 'metadata'
> & {
  /** Only in a copy: the image that it was. */
  readonly image?: Types.ObjectId;
  readonly sha256: string;
};

/** How many there are; `until`: when the next of them expires. */
export interface CountUntil {
  readonly count: number;
  readonly until: Date | null;
}

export interface TagCounts {
  readonly tagged: number;
  readonly untagged: number;
  readonly tags: readonly { readonly tagId: Types.ObjectId; readonly count: number }[];
  readonly until: Date | null;
}

const NEWEST_FIRST = { createdSecond: -1, number: -1 } as const;
const OLDEST_FIRST = { createdSecond: 1, number: 1 } as const;

const FIELDS = {
  image: 1,
  project: 1,
  fileName: 1,
  createdAt: 1,
  tags: 1,
  expiresAt: 1,
  sha256: 1,
  metadata: 1,
} as const;

type Filter = mongo.Filter<mongo.BSON.Document>;

/**
 * The pictures of projects, and of copies of projects, which have the same shape. Reads go to the driver, each with the
 * index that it was made for: the database may have learnt from a small project that any other will do.
 */
@Injectable()
export class TrainingImageRepository {
  constructor(
    @InjectModel(IMAGE_MODEL) private readonly images: Model<ImageDocument>,
    @InjectModel(SNAPSHOT_IMAGE_MODEL) private readonly held: Model<SnapshotImageDocument>,
  ) {}

  async page(
    scope: TrainingScope,
    filter: TrainingFilter,
    { order, offset, limit }: { order: 'newest' | 'oldest'; offset: number; limit: number },
  ): Promise<TrainingImageDocument[]> {
    if (isNone(filter)) return [];
    const { tagging, anyOfTags } = filter;
    const { collection, query, hint } = this.ask(scope, anyOfTags ? carrying(anyOfTags) : withTagging(tagging));
    return (
      collection
        // The whole page at once: the driver would ask for the rest of more than 101 in a second round.
        .find<TrainingImageDocument>(query, { projection: FIELDS, hint, batchSize: limit })
        .sort(order === 'newest' ? NEWEST_FIRST : OLDEST_FIRST)
        .skip(offset)
        .limit(limit)
        .toArray()
    );
  }

  async count(scope: TrainingScope, { tagging, anyOfTags }: TrainingFilter): Promise<CountUntil> {
    if (isNone({ tagging, anyOfTags })) return { count: 0, until: null };
    const parts = anyOfTags ? [carrying(anyOfTags)] : [{ tagged: { $in: MARKED[tagging] } }, unmarked(tagging)];
    const counts = await Promise.all(parts.map((part) => this.countPart(scope, part)));
    return {
      count: counts.reduce((sum, { count }) => sum + count, 0),
      until: earliest(counts.map(({ until }) => until)),
    };
  }

  private async countPart(scope: TrainingScope, part: Filter): Promise<CountUntil> {
    const { collection, query, hint } = this.ask(scope, part);
    const [found] = await collection
      .aggregate<CountUntil>(
        [
          { $match: query },
          { $group: { _id: null, count: { $sum: 1 }, until: { $min: '$expiresAt' } } },
          { $project: { _id: 0 } },
        ],
        { hint },
      )
      .toArray();
    return found ?? { count: 0, until: null };
  }

  async countByTag(scope: TrainingScope): Promise<TagCounts> {
    const { collection, query, hint } = this.ask(scope, withTagging('tagged'));
    const [tagged, untagged, tags] = await Promise.all([
      this.count(scope, { tagging: 'tagged' }),
      this.count(scope, { tagging: 'untagged' }),
      collection
        .aggregate<{ tagId: Types.ObjectId; count: number }>(
          [
            { $match: query },
            { $project: { _id: 0, 'tags.id': 1 } },
            { $unwind: '$tags' },
            { $group: { _id: '$tags.id', count: { $sum: 1 } } },
            { $project: { _id: 0, tagId: '$_id', count: 1 } },
            { $sort: { tagId: 1 } },
          ],
          { hint },
        )
        .toArray(),
    ]);
    const until = earliest([tagged.until, untagged.until]);
    return { tagged: tagged.count, untagged: untagged.count, tags, until };
  }

  /** Those of these images that there are, in no order. */
  findMany(scope: TrainingScope, ids: readonly Types.ObjectId[]): Promise<TrainingImageDocument[]> {
    const { collection, query } = this.ask(scope, { [scope.copy ? 'image' : '_id']: { $in: [...ids] } });
    const hint = scope.copy ? { snapshot: 1, image: 1 } : { _id: 1 };
    return collection.find<TrainingImageDocument>(query, { projection: FIELDS, hint, batchSize: ids.length }).toArray();
  }

  private ask({ workspace, project, copy }: TrainingScope, part: Filter) {
    const place: Filter = copy ? { snapshot: copy } : { workspace, project, state: 'decoded' };
    const indexes = copy ? SNAPSHOT_INDEXES : INDEXES;
    const collection = copy ? this.held.collection : this.images.collection;
    const query: Filter = { ...place, ...part, ...unexpired() };
    return { collection, query, hint: 'tags.id' in part ? indexes.tag : indexes.decoded };
  }
}

const MARKED = { all: [true, false], tagged: [true], untagged: [false] };

/** Records of earlier versions do not say in one field whether they are tagged: they are looked at one by one. */
function unmarked(tagging: TrainingFilter['tagging']): Filter {
  return { tagged: null, ...(tagging === 'all' ? {} : { 'tags.0': { $exists: tagging === 'tagged' } }) };
}

function withTagging(tagging: TrainingFilter['tagging']): Filter {
  return { ...unmarked(tagging), tagged: { $in: [...MARKED[tagging], null] } };
}

function earliest(dates: readonly (Date | null)[]): Date | null {
  return dates.reduce((first, date) => (first && (!date || first < date) ? first : date), null);
}

/** With up to 20 tags, the database merges as many parts of the index, each of which is in order. */
function carrying(tags: readonly Types.ObjectId[]): Filter {
  return { 'tags.id': tags.length === 1 ? (tags[0] as Types.ObjectId) : { $in: [...tags] } };
}

function isNone({ tagging, anyOfTags }: TrainingFilter): boolean {
  return anyOfTags !== undefined && (anyOfTags.length === 0 || tagging === 'untagged');
}

export function toTrainingImage(image: TrainingImageDocument, content: PictureContent): TrainingImage {
  const { sha256, size, mediaType, width, height, thumbnail, resized } = content;
  return {
    id: (image.image ?? image._id).toHexString(),
    projectId: image.project.toHexString(),
    fileName: image.fileName,
    createdAt: image.createdAt.getTime(),
    width,
    height,
    tags: image.tags.map(({ id, number, name, at = image.createdAt }) => ({
      id: id.toHexString(),
      number,
      name,
      taggedAt: at.getTime(),
    })),
    original: { sha256, size, mediaType },
    thumbnail: { sha256: thumbnail.sha256, size: thumbnail.size, mediaType: thumbnail.mediaType },
    resized: resized ? { sha256: resized.sha256, size: resized.size, mediaType: resized.mediaType } : null,
    expiresAt: image.expiresAt?.getTime() ?? null,
    ...(image.metadata && image.metadata.length > 0 ? { metadata: toMetadata(image.metadata) } : {}),
  };
}

export function toMetadata(pairs: readonly MetadataPair[]): Record<string, string> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value]));
}
