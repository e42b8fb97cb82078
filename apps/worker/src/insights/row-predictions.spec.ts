import { describe, expect, it } from '@jest/globals';
import { targetsOf, type Targets } from '@pentaprism/modeling';
import type { TargetType } from '@pentaprism/domain';
import { actualOf, RowPredictions, shortened } from './row-predictions.js';

type Value = string | string[] | number | undefined;

function targets(type: TargetType, classes: string[], rows: readonly Value[]): Targets {
  return targetsOf({ type, classes, rowCount: rows.length, valueOf: (row) => rows[row] });
}

const bytesOf = (...numbers: number[]) => new Uint8Array(new Float32Array(numbers).buffer);
const doublesOf = (...numbers: number[]) => new Uint8Array(new Float64Array(numbers).buffer);

describe('RowPredictions', () => {
  it('returns the probabilities of all classes, in the order of the classes', () => {
    const predictions = new RowPredictions(
      targets('multiclass', ['a', 'b', 'c'], ['a', 'b']),
      bytesOf(0, 1, 0, 0.2, 0.5, 0.3),
    );
    expect(predictions.at(1)).toEqual({ labels: [0, 1, 2], values: [0.2, 0.5, 0.3] });
    expect([predictions.predicted(0), predictions.predicted(1)]).toEqual([1, 1]);
  });

  it('returns the ten most probable of more than ten classes, the most probable first', () => {
    const classes = Array.from({ length: 12 }, (_, i) => `c${i}`);
    const probabilities = [0.01, 0.2, 0.02, 0.2, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.15];
    const predictions = new RowPredictions(targets('multiclass', classes, ['c0']), bytesOf(...probabilities));
    const { labels, values } = predictions.at(0);
    expect(labels).toEqual([1, 3, 11, 10, 9, 8, 7, 6, 5, 4]);
    expect(values).toEqual([0.2, 0.2, 0.15, 0.09, 0.08, 0.07, 0.06, 0.05, 0.04, 0.03]);
  });

  it('predicts the labels of a multilabel target that are more likely than not, which may be none', () => {
    const rows = targets('multilabel', ['a', 'b', 'c'], [['a'], []]);
    const predictions = new RowPredictions(rows, bytesOf(0.9, 0.1, 0.5, 0.4, 0.3, 0.2));
    expect([predictions.predicted(0), predictions.predicted(1)]).toEqual([[0, 2], []]);
    expect(predictions.mostProbable(1)).toBe(0);
  });

  it('predicts the number of a regression, without classes', () => {
    const predictions = new RowPredictions(targets('regression', [], [1, 2]), doublesOf(1.5, 1700000000123.5));
    expect(predictions.at(1)).toEqual({ labels: null, values: [1700000000123.5] });
    expect(predictions.predicted(0)).toBe(1.5);
  });

  it('reads the numbers of a regression that an earlier version wrote in single precision', () => {
    expect(new RowPredictions(targets('regression', [], [1, 2]), bytesOf(1.5, -3)).predicted(1)).toBe(-3);
  });

  it('reads bytes at any address', () => {
    const shifted = new Uint8Array([9, ...bytesOf(2.5)]).subarray(1);
    expect(new RowPredictions(targets('regression', [], [1]), shifted).predicted(0)).toBe(2.5);
  });

  it('refuses bytes of another number of rows', () => {
    expect(() => new RowPredictions(targets('binary', ['a', 'b'], ['a']), bytesOf(1))).toThrow('4 bytes instead of 8');
  });
});

describe('actualOf', () => {
  it.each<[TargetType, Value, unknown]>([
    ['binary', 'b', 1],
    ['multilabel', ['b', 'a'], [0, 1]],
    ['multilabel', [], []],
    ['regression', 0.1, 0.1],
    ['binary', undefined, undefined],
    ['multilabel', undefined, undefined],
    ['regression', undefined, undefined],
  ])('writes the value of a %s target, %j, as %j', (type, value, expected) => {
    expect(actualOf(targets(type, type === 'regression' ? [] : ['a', 'b'], [value]), 0)).toEqual(expected);
  });
});

describe('shortened', () => {
  it('leaves out the digits that float32 does not have', () => {
    expect([Math.fround(0.3), Math.fround(123456.7), 0, -1.5].map(shortened)).toEqual([0.3, 123456.7, 0, -1.5]);
  });
});
