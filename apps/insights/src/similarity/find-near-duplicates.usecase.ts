import { Injectable } from '@nestjs/common';
import { fitting } from '@pentaprism/bus';
import type { ParsedRequestOf, ResponseOf, similarImageContracts } from '@pentaprism/contracts';
import { MAX_IMAGES_PER_DUPLICATE_GROUP, systemDate } from '@pentaprism/domain';
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
import type { ColumnImage, ImageColumn } from './image-column.js';
import { ImageColumns, INCOMPLETE_MS } from './image-columns.js';
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
/** Bytes of an image in an answer: an id and two numbers. */
const IMAGE_BYTES = 100;

/** Finds images of a column that look alike. What was found is kept as long as the images are the same. */
@Injectable()
export class FindNearDuplicates {
  private readonly found = new WeakMap<ImageColumn, Map<number, Promise<Found>>>();

  constructor(
    private readonly columns: ImageColumns,
    private readonly vectors: VectorCache,
    private readonly turns: ComparisonTurns,
  ) {}

  /** Throws as `ImageColumns.get`. */
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
      if (known.missing === 0 || systemDate().getTime() < known.foundAt + INCOMPLETE_MS) return known;
      // Another request may have begun to find them again meanwhile.
      const next = byThreshold.get(threshold);
      if (next === last) break;
      last = next;
    }
    const begun = this.turns.run(workspace, () => this.compute(workspace, column, threshold));
    byThreshold.delete(threshold);
    byThreshold.set(threshold, begun);
    for (const each of [...byThreshold.keys()].slice(0, -MAX_KEPT_THRESHOLDS)) byThreshold.delete(each);
    begun.catch(() => {
      if (byThreshold.get(threshold) === begun) byThreshold.delete(threshold);
    });
    return begun;
  }

  private async compute(workspace: string, column: ImageColumn, threshold: number): Promise<Found> {
    const pause = pauses();
    const images = column.images.filter(({ sha256 }) => column.perceptualHashes.has(sha256));
    const close = await indexesWithNeighbours(hashesOf(column, images), threshold, pause);
    const candidates = close.map((index) => images[index] as ColumnImage);
    const contents = [...new Set(candidates.map(({ sha256 }) => sha256))];
    return this.vectors.read(workspace, contents, async (sets, missing) => {
      const confirm = (one: number, other: number) =>
        isSame(sets, (candidates[one] as ColumnImage).sha256, (candidates[other] as ColumnImage).sha256);
      const groups = await groupNearDuplicates(hashesOf(column, candidates), threshold, confirm, pause);
      return { groups: groups.map((group) => shown(group, candidates)), missing, foundAt: systemDate().getTime() };
    });
  }
}

function hashesOf({ perceptualHashes }: ImageColumn, images: readonly ColumnImage[]) {
  return parseHashes(images.map(({ sha256 }) => perceptualHashes.get(sha256) as string));
}

/** Whether the embeddings confirm that two contents show the same. Embeddings of different backbones cannot be compared. */
function isSame(sets: ReadonlyMap<string, VectorSet>, one: string, other: string): boolean {
  if (one === other) return true;
  for (const set of sets.values())
    if (set.has(one) && set.has(other)) return set.similarity(one, other) >= MIN_SIMILARITY;
  return false;
}

function shown(group: DuplicateGroup, images: readonly ColumnImage[]): Page['groups'][number] {
  return {
    imageCount: group.length,
    images: group.slice(0, MAX_IMAGES_PER_DUPLICATE_GROUP).map(({ index, distance }) => {
      const { imageId, rowCount } = images[index] as ColumnImage;
      return { imageId, distance, rowCount };
    }),
  };
}
