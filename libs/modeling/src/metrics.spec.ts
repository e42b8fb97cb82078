import { describe, expect, it } from '@jest/globals';
import { measure } from './metrics.js';
import { targetsOf, type Targets } from './targets.js';

const CLASSES = ['a', 'b', 'c'];

function targets(type: Targets['type'], values: readonly (string | string[] | number)[], classes = CLASSES): Targets {
  return targetsOf({ type, classes, rowCount: values.length, valueOf: (row) => values[row] });
}

function measured(of: Targets, predictions: readonly number[], rows = [...of.rows.keys()]) {
  return measure({ targets: of, predictions: Float32Array.from(predictions), rows });
}

describe('the metrics of a binary target', () => {
  const binary = targets('binary', ['a', 'b', 'b', 'a'], ['a', 'b']);

  it('are those of the hand-computed example', () => {
    const found = measured(binary, [0.75, 0.25, 0.5, 0.5, 0.25, 0.75, 0.25, 0.75]);
    // -(ln 0.75 + ln 0.5 + ln 0.75 + ln 0.25) / 4
    expect(found.LogLoss).toBeCloseTo(0.6637, 4);
    // Of the four pairs of a b and an a, b is ranked higher in two, and equal in one.
    expect(found.AUC).toBeCloseTo(2.5 / 4, 10);
    // Of equally probable classes the first counts, which is wrong for the second row.
    expect(found.Accuracy).toBe(0.5);
    expect(Object.keys(found)).toEqual(['LogLoss', 'AUC', 'Accuracy']);
  });

  it('clip probabilities as scikit-learn does, so that a sure and wrong prediction has a finite loss', () => {
    const found = measured(binary, [0, 1, 0, 1, 0, 1, 0, 1]);
    expect(found.LogLoss).toBeCloseTo((-2 * Math.log(2 ** -23) - 2 * Math.log(1 - 2 ** -23)) / 4, 5);
  });

  it('are 0.5 for the AUC of rows of one class', () => {
    expect(measured(binary, [0.9, 0.1, 0, 0, 0, 0, 0.2, 0.8], [0, 3]).AUC).toBe(0.5);
  });

  it('judge the given rows only', () => {
    expect(measured(binary, [1, 0, 1, 0, 1, 0, 1, 0], [0, 3]).Accuracy).toBe(1);
  });
});

describe('the metrics of a multiclass target', () => {
  it('take the mean AUC of each class against the others, without classes that no row has', () => {
    const multiclass = targets('multiclass', ['a', 'b', 'a']);
    const found = measured(multiclass, [0.5, 0.25, 0.25, 0.625, 0.25, 0.125, 0.75, 0.125, 0.125]);
    // a: 0.5 and 0.75 against 0.625: one pair of two. b: 0.25 against 0.25 and 0.125: 1.5 pairs of two.
    expect(found.AUC).toBeCloseTo((0.5 + 0.75) / 2, 10);
    expect(found.LogLoss).toBeCloseTo(-(Math.log(0.5) + Math.log(0.25) + Math.log(0.75)) / 3, 6);
    expect(found.Accuracy).toBeCloseTo(2 / 3, 10);
  });
});

describe('the metrics of a multilabel target', () => {
  it('take the mean over rows and labels', () => {
    const multilabel = targets('multilabel', [['a', 'b'], [], ['b']], ['a', 'b']);
    const found = measured(multilabel, [0.75, 0.5, 0.5, 0.25, 0.25, 0.5]);
    const logs = [0.75, 0.5, 0.5, 0.75, 0.75, 0.5].map((right) => Math.log(right));
    expect(found.LogLoss).toBeCloseTo(-logs.reduce((sum, log) => sum + log, 0) / 6, 6);
    expect(found.AUC).toBe(1);
    expect(Object.keys(found)).toEqual(['LogLoss', 'AUC']);
  });
});

describe('the metrics of a regression', () => {
  it('are those of the hand-computed example', () => {
    const found = measured(targets('regression', [1, 2, 6]), [2, 2, 4]);
    expect(found.RMSE).toBeCloseTo(Math.sqrt(5 / 3), 6);
    expect(found.MAE).toBeCloseTo(1, 6);
    expect(found['R Squared']).toBeCloseTo(1 - 5 / 14, 6);
    expect(Object.keys(found)).toEqual(['RMSE', 'MAE', 'R Squared']);
  });

  it.each([1e150, 1e-300])('neither overflow nor vanish for numbers around %d', (unit) => {
    const numbers = [1, 2, 6].map((number) => number * unit);
    const rows = targets('regression', numbers);
    const predictions = Float64Array.from([2, 2, 4], (number) => number * unit);
    const found = measure({ targets: rows, predictions, rows: [0, 1, 2] });
    expect((found.RMSE as number) / unit).toBeCloseTo(Math.sqrt(5 / 3), 6);
    expect((found.MAE as number) / unit).toBeCloseTo(1, 6);
    expect(found['R Squared']).toBeCloseTo(1 - 5 / 14, 6);
  });

  it('are finite for equal numbers, as scikit-learn defines R squared for them', () => {
    const equal = targets('regression', [3, 3]);
    expect(measured(equal, [3, 4])['R Squared']).toBe(0);
    expect(measured(equal, [3, 3])['R Squared']).toBe(1);
  });
});
