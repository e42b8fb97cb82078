import { describe, expect, it } from '@jest/globals';
import type { DatasetImage } from '@pentaprism/contracts';
import { RepeatedImages } from './repeated-images.js';

const image = (row: number, byte: string, more: Partial<DatasetImage> = {}): DatasetImage => ({
  row,
  column: 1,
  label: `${row}.jpg`,
  sha256: byte.repeat(64),
  size: 1,
  ...more,
});
const repeated = (...images: DatasetImage[]) => {
  const found = new RepeatedImages();
  for (const each of images) found.add(each);
  return found;
};
const NAMES = ['class', 'image', 'back'];

describe('RepeatedImages', () => {
  it('finds each row that has the bytes of an earlier row', () => {
    const found = repeated(image(1, 'a'), image(2, 'b'), image(3, 'a'), image(4, 'a', { label: null }));
    expect(found.rows).toEqual(new Set([1, 3, 4]));
    expect(found.findings(NAMES, new Map())).toEqual([
      { kind: 'duplicate', row: 3, column: 'image', file: '3.jpg', message: 'the same bytes as row 1 (1.jpg)' },
      { kind: 'duplicate', row: 4, column: 'image', file: null, message: 'the same bytes as row 1 (1.jpg)' },
    ]);
  });

  it('calls it leakage where the classes of the rows differ', () => {
    const classes = new Map([
      [1, 'cat'],
      [2, 'cat'],
      [3, 'dog'],
      [4, null],
    ]);
    const findings = repeated(image(1, 'a'), image(2, 'a'), image(3, 'a'), image(4, 'a')).findings(NAMES, classes);
    expect(findings.map(({ kind, row }) => [kind, row])).toEqual([
      ['duplicate', 2],
      ['duplicate', 3],
      ['leakage', 3],
      ['duplicate', 4],
    ]);
    expect(findings[2]?.message).toBe('the same bytes as row 1 (1.jpg), whose class is cat and not dog');
  });

  it('keeps the images that repeat none', () => {
    const { first } = repeated(image(1, 'a'), image(2, 'a'), image(2, 'a', { column: 2 }));
    expect(first.map(({ row, column, sha256 }) => [row, column, sha256])).toEqual([
      [1, 1, 'a'.repeat(64)],
      [2, 2, 'a'.repeat(64)],
    ]);
  });

  it('compares the images of one column with each other only', () => {
    expect(repeated(image(1, 'a'), image(1, 'a', { column: 2 })).findings(NAMES, new Map())).toEqual([]);
  });
});
