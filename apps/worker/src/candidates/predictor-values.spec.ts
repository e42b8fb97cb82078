import { describe, expect, it } from '@jest/globals';
import type { DatasetColumn } from '@pentaprism/contracts';
import { PredictorValues } from './predictor-values.js';

const column = { index: 1, name: 'size' } as DatasetColumn;

describe('values of a column beside images', () => {
  it('keeps numbers, and none for a cell that is missing or not a number', () => {
    const values = new PredictorValues(column, 'number', 4);
    ['1.5', null, 'large', '-2'].forEach((cell, row) => values.set(row, cell));
    expect([0, 1, 2, 3].map((row) => values.at(row))).toEqual([1.5, null, null, -2]);
  });

  it('keeps texts of categories, also those that look like numbers', () => {
    const values = new PredictorValues(column, 'category', 4);
    ['red', '7', null, 'red'].forEach((cell, row) => values.set(row, cell));
    expect([0, 1, 2, 3].map((row) => values.at(row))).toEqual(['red', '7', null, 'red']);
  });

  it('has no value for a row that was never set', () => {
    expect(new PredictorValues(column, 'number', 2).at(1)).toBeNull();
  });
});
