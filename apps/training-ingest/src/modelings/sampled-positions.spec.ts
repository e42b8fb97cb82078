import { describe, expect, it } from '@jest/globals';
import { MAX_SAMPLED_IMAGES } from '@pentaprism/domain';
import { sampledPositions } from './sampled-positions.js';

describe('sampledPositions', () => {
  it.each([0, 1, 5, MAX_SAMPLED_IMAGES])('returns all positions of %d images', (count) => {
    expect(sampledPositions(count, 0, Infinity)).toEqual(Array.from({ length: count }, (_, position) => position));
  });

  it.each([MAX_SAMPLED_IMAGES + 1, 25_000, 100_000])('returns ascending positions out of %d images', (count) => {
    const sample = sampledPositions(count, 0, Infinity);
    expect(sample).toHaveLength(MAX_SAMPLED_IMAGES);
    expect(new Set(sample).size).toBe(MAX_SAMPLED_IMAGES);
    expect([...sample].sort((a, b) => a - b)).toEqual(sample);
    expect(sample.at(-1)).toBeLessThan(count);
  });

  it('takes positions of each part with about the same frequency', () => {
    const count = 100_000;
    const size = count / MAX_SAMPLED_IMAGES;
    const frequencies = new Array<number>(size).fill(0);
    for (const position of sampledPositions(count, 0, Infinity))
      frequencies[position % size] = (frequencies[position % size] ?? 0) + 1;
    for (const frequency of frequencies) expect(frequency).toBeGreaterThan(MAX_SAMPLED_IMAGES / size / 2);
  });

  it('returns the same sample page by page', () => {
    const whole = sampledPositions(12_345, 0, Infinity);
    const pages = [0, 4_000, 8_000].flatMap((first) => sampledPositions(12_345, first, first + 4_000));
    expect(pages).toEqual(whole);
  });

  it('returns nothing beyond the end', () => {
    expect(sampledPositions(20_000, MAX_SAMPLED_IMAGES, MAX_SAMPLED_IMAGES + 100)).toEqual([]);
  });
});
