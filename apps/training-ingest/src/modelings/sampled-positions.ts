import { MAX_SAMPLED_IMAGES } from '@pentaprism/domain';
import { createHash } from 'node:crypto';

/**
 * Returns positions `first` to `end` (exclusive) of a sample of `count` images, in ascending order: all of them where there are
 * at most `MAX_SAMPLED_IMAGES`, otherwise one of each of so many equal parts. The same count has always the same sample.
 */
export function sampledPositions(count: number, first: number, end: number): number[] {
  const parts = Math.min(count, MAX_SAMPLED_IMAGES);
  const positions: number[] = [];
  for (let part = first; part < Math.min(end, parts); part++) {
    const start = Math.floor((part * count) / parts);
    const next = Math.floor(((part + 1) * count) / parts);
    positions.push(start + (next - start > 1 ? draw(part) % (next - start) : 0));
  }
  return positions;
}

/** Returns the same pseudorandom number for the same input. */
function draw(part: number): number {
  return createHash('sha256').update(`sample ${part}`).digest().readUInt32BE(0);
}
