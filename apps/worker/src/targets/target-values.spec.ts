import { describe, expect, it } from '@jest/globals';
import { MAX_LABEL_LENGTH, MAX_TARGET_CLASSES, type TargetType } from '@pentaprism/domain';
import { binsOf, TargetImages } from './target-images.js';
import { TargetValues } from './target-values.js';

function valuesOf(type: TargetType, cells: readonly (string | null)[]): TargetValues {
  const values = new TargetValues(type, cells.length);
  for (const [i, cell] of cells.entries()) values.add(i + 1, cell);
  return values;
}

const sha256 = (n: number) => n.toString(16).padStart(64, '0');

describe('TargetValues', () => {
  it('orders labels by UTF-16 units, or by size if all are numbers', () => {
    expect(valuesOf('multiclass', ['b', 'B', 'a', '10']).labels()).toEqual(['10', 'B', 'a', 'b']);
    expect(valuesOf('multiclass', ['\uff5e', '🐈']).labels()).toEqual(['🐈', '\uff5e']);
    expect(valuesOf('multiclass', ['10', '9', '-1', '1.5']).labels()).toEqual(['-1', '1.5', '9', '10']);
  });

  it('counts the rows of each label, and leaves out rows without one', () => {
    const values = valuesOf('binary', ['yes', null, 'no', 'yes']);
    expect(values.bins()).toEqual([
      { kind: 'label', label: 'no', rows: 1 },
      { kind: 'label', label: 'yes', rows: 2 },
    ]);
    expect([1, 2, 3].map((row) => values.at(row))).toEqual(['yes', undefined, 'no']);
  });

  it('reads lists of labels as sets, whatever their order', () => {
    const values = valuesOf('multilabel', ['["b","a"]', '["a","b","a"]', '[1]', '[]', 'no list']);
    expect([1, 2, 3, 4, 5].map((row) => values.at(row))).toEqual([['a', 'b'], ['a', 'b'], ['1'], [], undefined]);
    expect(values.keyOf(1)).toBe(values.keyOf(2));
  });

  it('reads numbers, and leaves out what is none', () => {
    const values = valuesOf('regression', ['1', '1.50', 'x', null]);
    expect([1, 2, 3, 4].map((row) => values.at(row))).toEqual([1, 1.5, undefined, undefined]);
    expect(values.labels()).toEqual([]);
  });

  it.each([
    ['one label', 'multiclass', ['a', 'a']],
    ['no label', 'binary', [null]],
    ['equal numbers', 'regression', ['1', '1.0']],
    ['empty lists', 'multilabel', ['[]', '[]']],
    ['equal lists', 'multilabel', ['["a","b"]', '["b","a"]']],
  ] as const)('cannot be learned from %s', (_what, type, cells) => {
    expect(() => valuesOf(type, cells).requireLearnable()).toThrow('All values of the target are the same');
  });

  it('learns a single label that some rows have, and others do not', () => {
    expect(() => valuesOf('multilabel', ['["a"]', '[]']).requireLearnable()).not.toThrow();
  });

  it('refuses numbers that models cannot calculate with', () => {
    expect(() => valuesOf('regression', ['1', '-1e151']).requireLearnable()).toThrow('numbers beyond');
    expect(() => valuesOf('regression', ['1', '-1e150']).requireLearnable()).not.toThrow();
  });

  it('refuses too many classes, and labels that are too long', () => {
    const many = Array.from({ length: MAX_TARGET_CLASSES + 1 }, (_, n) => `c${n}`);
    expect(() => valuesOf('multiclass', many)).toThrow('more than 1000 classes');
    expect(valuesOf('multiclass', many.slice(1)).labels()).toHaveLength(MAX_TARGET_CLASSES);
    expect(() => valuesOf('multiclass', ['x'.repeat(MAX_LABEL_LENGTH + 1)])).toThrow('characters');
  });
});

describe('TargetImages', () => {
  it('have positions in the order of rows, and places in the order of values', () => {
    const values = valuesOf('multiclass', ['b', 'a', 'b', 'a', null]);
    const images = new TargetImages(values);
    const contents = [1, 2, 3, 1, 4];
    for (const [i, content] of contents.entries()) images.add({ row: i + 1, column: 1, sha256: sha256(content) });
    const found = images.ofColumn(1);
    expect(found.map((image) => [image.sha256.at(-1), image.value, image.position, image.place])).toEqual([
      ['2', 'a', 1, 0],
      ['1', 'a', 3, 1],
      ['1', 'b', 0, 2],
      ['3', 'b', 2, 3],
    ]);
    expect(images.counts()).toEqual({ 1: 4 });
    expect(images.agreed()).toEqual([
      { sha256: sha256(2), labels: ['a'] },
      { sha256: sha256(3), labels: ['b'] },
    ]);
    expect(binsOf(values, 1, found)).toMatchObject([
      { label: 'a', rows: 2, images: 2, firstPlace: 0, cover: 1 },
      { label: 'b', rows: 2, images: 2, firstPlace: 2, cover: 0 },
    ]);
  });

  it('have a bin without images where no row of a label has one', () => {
    const values = valuesOf('binary', ['a', 'b']);
    const images = new TargetImages(values);
    images.add({ row: 1, column: 0, sha256: sha256(1) });
    expect(binsOf(values, 0, images.ofColumn(0))).toMatchObject([
      { label: 'a', rows: 1, images: 1, cover: 0 },
      { label: 'b', rows: 1, images: 0, cover: null },
    ]);
  });
});
