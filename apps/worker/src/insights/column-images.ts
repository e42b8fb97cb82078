import type { CodedValue, InsightHeader } from '@pentaprism/contracts';
import type { Targets } from '@pentaprism/modeling';
import { actualOf } from './row-predictions.js';
import { sampledImages } from './sampled-images.js';

/** An image of the catalog. */
export interface KnownImage {
  readonly imageId: string;
  readonly sha256: string;
  readonly width: number;
  readonly height: number;
}

/** An image of a column, with the first of its rows that has a value of the target. */
export interface ColumnImage extends KnownImage {
  /** From 0. */
  readonly row: number;
  readonly actual: CodedValue;
}

/**
 * Returns each image once, in the order of rows. An image of several rows counts as its first one.
 *
 * @param contents the hash of each row's image
 * @param known by hash
 */
export function columnImages(
  targets: Targets,
  contents: readonly (string | undefined)[],
  known: ReadonlyMap<string, KnownImage>,
): ColumnImage[] {
  const found = new Map<string, ColumnImage>();
  for (const [row, sha256] of contents.entries()) {
    if (sha256 === undefined || found.has(sha256)) continue;
    const image = known.get(sha256);
    const actual = actualOf(targets, row);
    if (image && actual !== undefined) found.set(sha256, { ...image, row, actual });
  }
  return [...found.values()];
}

/** Draws images by their classes, or by the ranges of a regression. The same images give the same sample. */
export function sampleOf(images: readonly ColumnImage[], header: InsightHeader, limit?: number): ColumnImage[] {
  const drawn = images.map((image) => ({ image, key: image.sha256, groups: groupsOf(image, header) }));
  return sampledImages(drawn, limit).map(({ image }) => image);
}

/** As `sampleOf`, in the order of rows. */
export function sampleInOrder(images: readonly ColumnImage[], header: InsightHeader, limit: number): ColumnImage[] {
  if (images.length <= limit) return [...images];
  return sampleOf(images, header, limit).sort((a, b) => a.row - b.row);
}

function groupsOf({ actual }: ColumnImage, { type, targetBins }: InsightHeader): string[] {
  if (typeof actual !== 'number') return actual.length > 0 ? actual.map(String) : ['none'];
  if (type !== 'regression') return [String(actual)];
  return [String(targetBins.findIndex(({ start, end }) => start <= actual && actual < end))];
}
