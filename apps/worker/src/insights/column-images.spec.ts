import { describe, expect, it } from '@jest/globals';
import type { InsightHeader } from '@pentaprism/contracts';
import { targetsOf } from '@pentaprism/modeling';
import { columnImages, sampleInOrder, sampleOf, type ColumnImage, type KnownImage } from './column-images.js';

const image = (sha256: string): KnownImage => ({ imageId: `id of ${sha256}`, sha256, width: 4, height: 3 });
const CLASSES: InsightHeader = { type: 'multiclass', targetValues: ['a', 'b'], targetBins: [] };

const imagesWith = (actuals: readonly ColumnImage['actual'][]): ColumnImage[] =>
  actuals.map((actual, row) => ({ ...image(`${row}`), row, actual }));

describe('columnImages', () => {
  it('returns each image once, with its first row that has a value', () => {
    const values = [undefined, 'b', 'a', 'a', 'b'];
    const targets = targetsOf({ type: 'multiclass', classes: ['a', 'b'], rowCount: 5, valueOf: (row) => values[row] });
    const known = new Map(['x', 'y', 'z'].map((sha256) => [sha256, image(sha256)]));
    expect(columnImages(targets, ['x', 'y', 'x', undefined, 'y'], known)).toEqual([
      { ...image('y'), row: 1, actual: 1 },
      { ...image('x'), row: 2, actual: 0 },
    ]);
  });

  it('leaves out contents that are no image of the project', () => {
    const targets = targetsOf({ type: 'regression', classes: [], rowCount: 1, valueOf: () => 1 });
    expect(columnImages(targets, ['x'], new Map())).toEqual([]);
  });
});

describe('sampleOf', () => {
  it('draws as many images of a rare class as of a frequent one', () => {
    const images = imagesWith([...Array.from({ length: 20 }, () => 0), 1, 1, 1]);
    const drawn = sampleOf(images, CLASSES, 6).map(({ actual }) => actual);
    expect(drawn.sort()).toEqual([0, 0, 0, 1, 1, 1]);
  });

  it('draws images of each range of a regression, and those without a label', () => {
    const numbers: InsightHeader = {
      type: 'regression',
      targetValues: [],
      targetBins: [
        { start: 0, end: 10 },
        { start: 10, end: 20 },
      ],
    };
    const images = imagesWith([...Array.from({ length: 20 }, (_, i) => i / 10), 15]);
    expect(
      sampleOf(images, numbers, 2)
        .map(({ actual }) => Number(actual) < 10)
        .sort(),
    ).toEqual([false, true]);
    const labels = imagesWith([...Array.from({ length: 20 }, () => [0]), []]);
    const multilabel: InsightHeader = { ...CLASSES, type: 'multilabel' };
    expect(sampleOf(labels, multilabel, 2).map(({ actual }) => actual)).toContainEqual([]);
  });

  it('stays in the order of rows where the order has a meaning', () => {
    const images = imagesWith(Array.from({ length: 30 }, (_, i) => i % 2));
    expect(sampleInOrder(images, CLASSES, 30)).toEqual(images);
    const rows = sampleInOrder(images, CLASSES, 10).map(({ row }) => row);
    expect(rows).toHaveLength(10);
    expect(rows).toEqual([...rows].sort((a, b) => a - b));
  });
});
