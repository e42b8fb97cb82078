import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HOLD_OUT, NO_TARGET, partitionsOf } from './partitions.js';
import { targetsOf, type Targets } from './targets.js';

type Value = string | string[] | number | undefined;

function targets(type: Targets['type'], values: readonly Value[]): Targets {
  const classes = type === 'regression' ? [] : [...new Set(values.flat().map(String))].sort();
  return targetsOf({ type, classes, rowCount: values.length, valueOf: (row) => values[row] });
}

function partitions(type: Targets['type'], values: readonly Value[], contents: (string | undefined)[][] = []) {
  return partitionsOf({ targets: targets(type, values), contents, seed: 'a' });
}

/** How many of some rows lie in each partition. */
function spread(found: Uint8Array, matches: (row: number) => boolean = () => true): Record<string, number> {
  const counts: Record<string, number> = {};
  found.forEach((partition, row) => {
    if (matches(row)) counts[partition] = (counts[partition] ?? 0) + 1;
  });
  return counts;
}

const repeated = (label: string, count: number) => new Array<string>(count).fill(label);

describe('partitions', () => {
  it('hold out a fifth of each class and spread the rest over five folds', () => {
    const values = [...repeated('a', 100), ...repeated('b', 50)];
    const found = partitions('binary', values);
    expect(spread(found, (row) => row < 100)).toEqual({ 0: 16, 1: 16, 2: 16, 3: 16, 4: 16, [HOLD_OUT]: 20 });
    expect(spread(found, (row) => row >= 100)).toEqual({ 0: 8, 1: 8, 2: 8, 3: 8, 4: 8, [HOLD_OUT]: 10 });
  });

  it('are the same for the same seed, and others for another', () => {
    const request = { targets: targets('binary', [...repeated('a', 20), ...repeated('b', 20)]), contents: [] };
    const found = partitionsOf({ ...request, seed: 'a' });
    expect(partitionsOf({ ...request, seed: 'a' })).toEqual(found);
    expect(partitionsOf({ ...request, seed: 'b' })).not.toEqual(found);
  });

  it.each([
    [1, { 0: 1 }],
    [2, { 0: 1, 1: 1 }],
    [3, { 0: 1, 1: 1, [HOLD_OUT]: 1 }],
  ])('of %d rows a class have fewer folds, of which each has every class', (count, expected) => {
    const found = partitions('multiclass', [...repeated('a', count), ...repeated('b', count), ...repeated('c', count)]);
    for (let label = 0; label < 3; label++) {
      expect(spread(found, (row) => Math.floor(row / count) === label)).toEqual(expected);
    }
  });

  it('put a single row into fold 0', () => {
    expect([...partitions('binary', ['a'])]).toEqual([0]);
    expect([...partitions('regression', [1])]).toEqual([0]);
  });

  it('keep five folds for a class of two rows beside a large one, and put its rows into two of them', () => {
    const found = partitions('binary', [...repeated('a', 2), ...repeated('b', 100)]);
    const rare = spread(found, (row) => row < 2);
    expect(Object.values(rare)).toEqual([1, 1]);
    expect(rare[HOLD_OUT]).toBeUndefined();
    expect(Object.keys(spread(found))).toHaveLength(6);
  });

  it('mark rows without a value', () => {
    expect([...partitions('binary', ['a', undefined, 'b'])].map((each) => each === NO_TARGET)).toEqual([
      false,
      true,
      false,
    ]);
    expect([...partitions('binary', [undefined])]).toEqual([NO_TARGET]);
    expect([...partitions('binary', [])]).toEqual([]);
  });

  it('spread the ranges of a regression evenly', () => {
    const found = partitions(
      'regression',
      Array.from({ length: 100 }, (_, row) => row ** 3),
    );
    for (const from of [0, 25, 50, 75]) {
      const quarter = spread(found, (row) => row >= from && row < from + 25);
      for (const fold of [0, 1, 2, 3, 4]) expect(quarter[fold]).toBeGreaterThanOrEqual(2);
      expect(quarter[HOLD_OUT]).toBeGreaterThanOrEqual(4);
    }
  });

  it('spread rare labels of a multilabel target, and rows without labels', () => {
    const values = Array.from({ length: 100 }, (_, row) => [
      ...(row % 10 === 0 ? ['rare'] : []),
      ...(row % 2 === 0 ? ['often'] : []),
    ]);
    const found = partitions('multilabel', values);
    expect(spread(found, (row) => row % 10 === 0)).toMatchObject({ [HOLD_OUT]: 2 });
    const without = spread(found, (row) => row % 2 === 1);
    for (const partition of [0, 1, 2, 3, 4, HOLD_OUT]) expect(without[partition]).toBeGreaterThanOrEqual(7);
  });

  it('keep rows together that have an image in common in any column, also through other rows', () => {
    const values = Array.from({ length: 60 }, (_, row) => (row % 2 === 0 ? 'a' : 'b'));
    const left = values.map((_, row) => (row < 3 ? 'first' : row < 30 ? `left ${row}` : undefined));
    const right = values.map((_, row) => (row === 2 || row === 40 ? 'second' : `right ${row}`));
    const swapped = values.map((_, row) => (row === 50 ? 'first' : undefined));
    const found = partitions('binary', values, [left, right, swapped]);
    expect(new Set([0, 1, 2, 40, 50].map((row) => found[row])).size).toBe(1);
    expect(new Set(found).size).toBe(6);
  });

  it('never hold out one image that fills more than the hold-out', () => {
    const contents = Array.from({ length: 20 }, (_, row) => (row < 10 ? 'same' : `${row}`));
    const found = partitions('binary', [...repeated('a', 14), ...repeated('b', 6)], [contents]);
    expect(new Set(found.subarray(0, 10)).size).toBe(1);
    expect(found[0]).not.toBe(HOLD_OUT);
  });

  it('divide rows that have a placeholder in one column as if they had no image there', () => {
    const values = Array.from({ length: 60 }, (_, row) => (row % 2 === 0 ? 'a' : 'b'));
    const left = values.map((_, row) => `left ${row >> 1}`);
    const right = values.map((_, row) => (row < 40 ? 'placeholder' : `right ${row}`));
    expect(partitions('binary', values, [left, right])).toEqual(partitions('binary', values, [left]));
  });

  it('divide rows that form a chain of different images, as long as most of them would lie together', () => {
    const values = Array.from({ length: 40 }, (_, row) => (row % 2 === 0 ? 'a' : 'b'));
    const left = values.map((_, row) => `left ${row >> 1}`);
    const right = values.map((_, row) => `right ${(row + 1) >> 1}`);
    const found = partitions('binary', values, [left, right]);
    expect(new Set(found).size).toBeGreaterThan(1);
  });

  it.each([4, 5, 10])('never put all of %d rows into one fold because all have the same image', (count) => {
    const values = Array.from({ length: count }, (_, row) => (row % 2 === 0 ? 'a' : 'b'));
    expect(new Set(partitions('binary', values, [repeated('same', count)])).size).toBeGreaterThan(1);
  });

  it('have no gap in their folds and keep groups together, whatever the table', () => {
    const row = fc.record({
      value: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }),
      content: fc.option(fc.integer({ min: 0, max: 20 }).map(String), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 50 }), (rows) => {
        const found = partitions(
          'multiclass',
          rows.map(({ value }) => value),
          [rows.map(({ content }) => content)],
        );
        const folds = [...new Set(found)].filter((each) => each < HOLD_OUT).sort();
        expect(folds).toEqual(folds.map((_, fold) => fold));
        expect(folds.length > 0).toBe(rows.some(({ value }) => value !== undefined));
        const withValue = rows.filter(({ value }) => value !== undefined);
        const most = withValue.length < 10 ? withValue.length - 1 : Math.floor(withValue.length / 2);
        const isTooFrequent = (wanted: string) => withValue.filter(({ content }) => content === wanted).length > most;
        const partOf = new Map<string, number>();
        rows.forEach(({ value, content }, index) => {
          expect(found[index] === NO_TARGET).toBe(value === undefined);
          if (value === undefined || content === undefined || isTooFrequent(content)) return;
          expect(found[index]).toBe(partOf.get(content) ?? found[index]);
          partOf.set(content, found[index] as number);
        });
      }),
    );
  });
});
