import { Injectable } from '@nestjs/common';
import { fitting } from '@pentaprism/bus';
import type { ParsedRequestOf, ResponseOf, similarImageContracts } from '@pentaprism/contracts';
import { MAX_IMAGES_PER_DUPLICATE_GROUP, MAX_NEAR_DUPLICATE_IMAGES, systemDate } from '@pentaprism/domain';
import { pauses } from '@pentaprism/heads';
import {
  groupNearDuplicates,
  indexesWithNeighbours,
  MIN_SIMILARITY,
  parseHashes,
  type DuplicateGroup,
  type VectorSet,
} from '@pentaprism/similarity';
import { ComparisonTurns } from './comparison-turns.js';
import type { ColumnImage, ImageColumn, ImageHashes } from './image-column.js';
import { ImageColumns, incompleteMs, tooManyImages } from './image-columns.js';
import { VectorCache } from './vector-cache.js';

type Request = ParsedRequestOf<typeof similarImageContracts.nearDuplicates>;
type Page = ResponseOf<typeof similarImageContracts.nearDuplicates>;

interface Found {
  readonly groups: Page['groups'];
  /** Images without an embedding that would be needed. */
  readonly missing: number;
  readonly foundAt: number;
}

/** Thresholds whose groups are kept of one column: clients that compare thresholds ask for a few. */
const MAX_KEPT_THRESHOLDS = 3;
/** Bytes of an image in an answer: two ids and two numbers. */
const IMAGE_BYTES = 150;

/** Finds images of a column that look alike. What was found is kept as long as the images are the same. */
@Injectable()
export class FindNearDuplicates {
  private readonly found = new WeakMap<ImageColumn, Map<number, Promise<Found>>>();

  constructor(
    private readonly columns: ImageColumns,
    private readonly vectors: VectorCache,
    private readonly turns: ComparisonTurns,
  ) {}

  /** Throws as `ImageColumns.get`, also FAILED_PRECONDITION for more than `MAX_NEAR_DUPLICATE_IMAGES`. */
  async execute(workspace: string, { threshold, offset, limit, ...key }: Request): Promise<Page> {
    const column = await this.columns.get(workspace, key);
    const { groups, missing } = await this.find(workspace, column, threshold);
    const page = groups.slice(offset, offset + limit);
    return {
      groups: fitting(page, ({ images }) => (images.length + 1) * IMAGE_BYTES),
      total: groups.length,
      pending: column.pending + missing,
    };
  }

  private async find(workspace: string, column: ImageColumn, threshold: number): Promise<Found> {
    const byThreshold = this.found.get(column) ?? new Map<number, Promise<Found>>();
    this.found.set(column, byThreshold);
    for (let last = byThreshold.get(threshold); last;) {
      const known = await last;
      if (known.missing === 0 || systemDate().getTime() < known.foundAt + incompleteMs(column)) return known;
      // Another request may have begun to find them again meanwhile.
      const next = byThreshold.get(threshold);
      if (next === last) break;
      last = next;
    }
    const begun = this.compute(workspace, column, threshold);
    byThreshold.delete(threshold);
    byThreshold.set(threshold, begun);
    for (const each of [...byThreshold.keys()].slice(0, -MAX_KEPT_THRESHOLDS)) byThreshold.delete(each);
    begun.catch(() => {
      if (byThreshold.get(threshold) === begun) byThreshold.delete(threshold);
    });
    return begun;
  }

  private async compute(workspace: string, column: ImageColumn, threshold: number): Promise<Found> {
    const { hashes } = column;
    if (!hashes) throw tooManyImages(MAX_NEAR_DUPLICATE_IMAGES);
    const candidates = await this.turns.run(workspace, () => closeImages(column.images, hashes, threshold));
    const contents = [...new Set(candidates.map(({ sha256 }) => sha256))];
    return this.vectors.read(workspace, contents, async (sets, missing) => {
      const groups = await this.turns.run(workspace, () => groupsOf(candidates, sets, threshold));
      return { groups, missing, foundAt: systemDate().getTime() };
    });
  }
}

/** Returns the images with hashes that have others close to them. */
async function closeImages(
  images: readonly ColumnImage[],
  hashes: ReadonlyMap<string, ImageHashes>,
  threshold: number,
): Promise<HashedImage[]> {
  const hashed = hashedImages(images, hashes);
  const close = await indexesWithNeighbours(parsed(hashed), threshold, pauses());
  return close.map((index) => hashed[index] as HashedImage);
}

async function groupsOf(
  images: readonly HashedImage[],
  sets: ReadonlyMap<string, VectorSet>,
  threshold: number,
): Promise<Page['groups']> {
  const confirm = (one: number, other: number) =>
    isSame(sets, (images[one] as HashedImage).sha256, (images[other] as HashedImage).sha256);
  const groups = await groupNearDuplicates(parsed(images), threshold, confirm, pauses(), identicalOf(images));
  return groups.map((group) => shown(group, images));
}

/** An image with what it is compared by. */
interface HashedImage extends ColumnImage {
  readonly perceptualHash: string;
  /** The same for images whose pixels are equal. */
  readonly pixels: string;
}

/** Returns the images that have hashes. Those of equal pixels have the perceptual hash of the first one. */
function hashedImages(images: readonly ColumnImage[], hashes: ReadonlyMap<string, ImageHashes>): HashedImage[] {
  const firstHashes = new Map<string, string>();
  return images.flatMap((image) => {
    const found = hashes.get(image.sha256);
    if (!found) return [];
    const pixels = found.pixelDigest ?? `bytes ${image.sha256}`;
    const perceptualHash = firstHashes.get(pixels) ?? found.perceptualHash;
    firstHashes.set(pixels, perceptualHash);
    return { ...image, perceptualHash, pixels };
  });
}

function parsed(images: readonly HashedImage[]) {
  return parseHashes(images.map(({ perceptualHash }) => perceptualHash));
}

/** Returns the indexes of images of equal pixels, where there are several. */
function identicalOf(images: readonly HashedImage[]): number[][] {
  const lists = new Map<string, number[]>();
  for (const [index, { pixels }] of images.entries()) {
    const list = lists.get(pixels);
    if (list) list.push(index);
    else lists.set(pixels, [index]);
  }
  return [...lists.values()].filter(({ length }) => length > 1);
}

/**
 * Whether the embeddings confirm that two contents show the same. Embeddings of different backbones cannot be compared. Also false for a
 * content and itself if it has no embedding: images of one content have the same pixels, so `identicalOf` has linked them already.
 */
function isSame(sets: ReadonlyMap<string, VectorSet>, one: string, other: string): boolean {
  for (const set of sets.values())
    if (set.has(one) && set.has(other)) return set.similarity(one, other) >= MIN_SIMILARITY;
  return false;
}

function shown(group: DuplicateGroup, images: readonly HashedImage[]): Page['groups'][number] {
  const firsts = new Map<string, string>();
  return {
    imageCount: group.length,
    images: group.slice(0, MAX_IMAGES_PER_DUPLICATE_GROUP).map(({ index, distance }) => {
      const { imageId, rowCount, pixels } = images[index] as HashedImage;
      const samePixelsAs = firsts.get(pixels) ?? null;
      if (samePixelsAs === null) firsts.set(pixels, imageId);
      return { imageId, distance, samePixelsAs, rowCount };
    }),
  };
}
