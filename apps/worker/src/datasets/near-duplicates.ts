import type { Bus } from '@pentaprism/bus';
import {
  contentContracts,
  MAX_PERCEPTUAL_HASHES_PER_CALL,
  type DatasetImage,
  type Finding,
} from '@pentaprism/contracts';
import { pauses } from '@pentaprism/heads';
import { groupNearDuplicates, parseHashes } from '@pentaprism/similarity';
import { partsOf } from '../targets/parts.js';

/** The first image with its bytes in its column. */
export type FirstImage = Pick<DatasetImage, 'row' | 'column' | 'label' | 'sha256'>;

/**
 * Bits of 64 in which the perceptual hashes of near duplicates differ at most. Fewer than where embeddings confirm them, which are not
 * computed yet when a dataset is imported.
 */
const MAX_DISTANCE = 4;
/** The hash of pictures of one color. They look alike, but there is nothing to see. */
const ONE_COLOR = '0'.repeat(16);

/**
 * Returns a finding for each image that looks like an earlier one of its column.
 *
 * @param images in the order of rows, each content once in a column
 * @param columnNames by index
 */
export async function nearDuplicateFindings(
  bus: Bus,
  images: readonly FirstImage[],
  columnNames: readonly string[],
  signal: AbortSignal,
): Promise<Finding[]> {
  const hashes = await hashesOf(bus, images, signal);
  const findings: Finding[] = [];
  const columns = new Map<number, FirstImage[]>();
  for (const image of images) {
    if ((hashes.get(image.sha256) ?? ONE_COLOR) === ONE_COLOR) continue;
    const shown = columns.get(image.column) ?? [];
    columns.set(image.column, shown);
    shown.push(image);
  }
  for (const [column, shown] of [...columns].sort(([one], [other]) => one - other)) {
    const name = columnNames[column] ?? '';
    const parsed = parseHashes(shown.map(({ sha256 }) => hashes.get(sha256) ?? ONE_COLOR));
    const groups = await groupNearDuplicates(parsed, MAX_DISTANCE, () => true, pauses(signal));
    for (const [first, ...others] of groups)
      for (const { index, distance } of others)
        findings.push(findingOf(shown[index] as FirstImage, shown[first?.index ?? 0] as FirstImage, name, distance));
  }
  return findings;
}

/** Returns how findings name the row of an image. */
export function placeOf({ row, label }: Pick<FirstImage, 'row' | 'label'>): string {
  return `row ${row}${label === null ? '' : ` (${label})`}`;
}

function findingOf({ row, label }: FirstImage, first: FirstImage, column: string, distance: number): Finding {
  const message = `looks like ${placeOf(first)}: ${distance} of 64 bits of their perceptual hashes differ`;
  return { kind: 'near-duplicate', row, column, file: label, message };
}

async function hashesOf(bus: Bus, images: readonly FirstImage[], signal: AbortSignal): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const distinct = new Set(images.map(({ sha256 }) => sha256));
  for (const hashes of partsOf(distinct, MAX_PERCEPTUAL_HASHES_PER_CALL)) {
    signal.throwIfAborted();
    const { contents } = await bus.call(contentContracts.perceptualHashes, { hashes });
    for (const { sha256, perceptualHash } of contents) found.set(sha256, perceptualHash);
  }
  return found;
}
