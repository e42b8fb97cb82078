import { describe, expect, it } from '@jest/globals';
import { classesOf, hasTarget, outputsOf, targetsOf, type TargetsRequest } from './targets.js';

function read(type: TargetsRequest['type'], values: ReturnType<TargetsRequest['valueOf']>[], classes = ['a', 'b']) {
  const targets = targetsOf({ type, classes, rowCount: values.length, valueOf: (row) => values[row] });
  return { targets, rows: values.map((_, row) => (hasTarget(targets, row) ? classesOf(targets, row) : undefined)) };
}

describe('targets', () => {
  it('of classes are indices, and missing for values that are not classes', () => {
    expect(read('binary', ['b', null, 'a', undefined, 'other', '']).rows).toEqual([
      [1],
      undefined,
      [0],
      undefined,
      undefined,
      undefined,
    ]);
    expect(read('multiclass', [2, 1], ['1', '2']).rows).toEqual([[1], [0]]);
  });

  it('of labels are sets, of which the empty one is a value', () => {
    const { targets, rows } = read('multilabel', [['b', 'a'], [], null, ['a', 'b', 'other'], 'b']);
    expect(rows).toEqual([[0, 1], [], undefined, [0, 1], [1]]);
    expect(targets.type === 'multilabel' && targets.sets).toHaveLength(3);
    expect(outputsOf(targets)).toBe(2);
  });

  it('of numbers are finite, and have one output', () => {
    const { targets, rows } = read('regression', [1.5, null, NaN, Infinity, 'text', 0]);
    expect(rows.map((row) => row !== undefined)).toEqual([true, false, false, false, false, true]);
    expect(targets.rows[0]).toBe(1.5);
    expect(outputsOf(targets)).toBe(1);
  });
});
