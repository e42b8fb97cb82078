import { describe, expect, it } from '@jest/globals';
import { numberBins } from './number-bins.js';

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('numberBins', () => {
  it('returns no bins for no numbers', () => {
    expect(numberBins([])).toEqual([]);
  });

  it('divides whole numbers at whole numbers', () => {
    const bins = numberBins(upTo(100));
    expect(bins).toHaveLength(10);
    expect(bins[0]).toEqual({ start: 0, end: 10, rows: 10 });
    expect(bins.at(-1)).toEqual({ start: 90, end: 100, rows: 10 });
  });

  it('takes whole edges around fractions that are far enough apart', () => {
    const bins = numberBins([0.5, 1.25, 3.5, 7.75]);
    for (const { start, end } of bins) expect([Number.isInteger(start), Number.isInteger(end)]).toEqual([true, true]);
    expect(bins.map(({ rows }) => rows)).toEqual([1, 1, 1, 1]);
  });

  it('takes fractions as edges where all numbers are within one', () => {
    const bins = numberBins(upTo(100).map((n) => n / 1000));
    expect(bins.length).toBeGreaterThan(1);
    expect(bins.length).toBeLessThanOrEqual(10);
  });

  it('joins an empty range to the one before', () => {
    expect(numberBins([0, 1, 99])).toEqual([
      { start: 0, end: 90, rows: 2 },
      { start: 90, end: 100, rows: 1 },
    ]);
  });

  it.each([
    ['one number', [5]],
    ['equal numbers', [0.25, 0.25, 0.25]],
    ['negative numbers', [-3, -2, -1.5]],
    ['very large numbers', [1e300, 2e300, -1e300]],
    ['large neighbours', [2 ** 53, 2 ** 53 + 2, 2 ** 53 + 4]],
    ['tiny numbers', [1e-300, 2e-300, 5e-324]],
    ['zero', [0]],
    ['opposite numbers', [-1e308, 0, 1e308]],
  ])('has each of %s in exactly one range, and no empty range', (_what, numbers) => {
    const bins = numberBins(numbers);
    expect(bins.length).toBeGreaterThan(0);
    expect(bins.length).toBeLessThanOrEqual(11);
    for (const number of numbers)
      expect(bins.filter(({ start, end }) => start <= number && number < end)).toHaveLength(1);
    expect(bins.reduce((sum, { rows }) => sum + rows, 0)).toBe(numbers.length);
    for (const { rows } of bins) expect(rows).toBeGreaterThan(0);
  });
});
