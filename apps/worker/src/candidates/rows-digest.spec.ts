import { expect, it } from '@jest/globals';
import type { DatasetColumn } from '@pentaprism/contracts';
import { PredictorValues } from './predictor-values.js';
import { rowsDigest } from './rows-digest.js';

type LearnedRows = Parameters<typeof rowsDigest>[0];

const classified = (classes: string[]): LearnedRows['targets'] => ({
  type: 'multiclass',
  classes,
  rows: Int32Array.of(0, 1),
});
const rows: LearnedRows = {
  table: 'a'.repeat(64),
  targets: classified(['cat', 'dog']),
  contents: [['1', undefined]],
  predictors: [],
};
const partitions = Uint8Array.of(0, 1);

it('is the same for the same rows', () => {
  expect(rowsDigest(structuredClone(rows), Uint8Array.of(0, 1))).toBe(rowsDigest(rows, partitions));
});

it('differs if table, classes, images, other columns or partitions differ', () => {
  const column = new PredictorValues({ name: 'size' } as DatasetColumn, 'number', 2);
  const others: LearnedRows[] = [
    { ...rows, table: 'b'.repeat(64) },
    { ...rows, targets: classified(['cat', 'cow']) },
    { ...rows, contents: [['1', '2']] },
    { ...rows, contents: [[undefined, '1']] },
    { ...rows, contents: [['1'], [undefined]] },
    { ...rows, predictors: [column] },
  ];
  const digests = [
    rowsDigest(rows, partitions),
    rowsDigest(rows, Uint8Array.of(1, 0)),
    ...others.map((each) => rowsDigest(each, partitions)),
  ];
  expect(new Set(digests).size).toBe(digests.length);
});
