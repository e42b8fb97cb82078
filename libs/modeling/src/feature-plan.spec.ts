import { describe, expect, it } from '@jest/globals';
import {
  allocateFeatures,
  encodeRow,
  MAX_CATEGORY_VALUES,
  MAX_OTHER_FEATURES,
  partSizes,
  type ColumnValue,
  type FeaturePlan,
} from './feature-plan.js';
import { planFeatures } from './table.fixture.js';

function encoded(plan: FeaturePlan, values: readonly ColumnValue[], embeddings: (Float32Array | undefined)[] = []) {
  const row = new Float32Array(plan.width);
  encodeRow(plan, { embeddings, values }, row);
  return [...row];
}

const numberPlan = (values: readonly ColumnValue[]) =>
  planFeatures(
    { images: [], others: [{ column: 'n', kind: 'number' }] },
    values.map((value) => [value]),
  );
const categoryPlan = (values: readonly ColumnValue[]) =>
  planFeatures(
    { images: [], others: [{ column: 'c', kind: 'category' }] },
    values.map((value) => [value]),
  );

describe('a plan of features', () => {
  it('has image columns first, and zeros for a missing image', () => {
    const images = [
      { column: 'front', size: 2 },
      { column: 'back', size: 3 },
    ];
    const plan = planFeatures({ images, others: [{ column: 'c', kind: 'category' }] }, [['x'], ['x']]);
    expect(plan).toMatchObject({ imageWidth: 5, width: 8 });
    expect(partSizes(plan)).toEqual([2, 3, 3]);
    expect(encoded(plan, ['x'], [undefined, Float32Array.of(1, 2, 3)])).toEqual([0, 0, 1, 2, 3, 1, 0, 0]);
  });

  it('standardises numbers, and marks missing ones', () => {
    const plan = numberPlan([1, 3, undefined, NaN, 'text']);
    expect(encoded(plan, [4])).toEqual([2, 0]);
    for (const missing of [undefined, null, NaN, Infinity, 'text']) expect(encoded(plan, [missing])).toEqual([0, 1]);
  });

  it('cuts outliers, and is finite for equal and for huge numbers', () => {
    expect(encoded(numberPlan([1, 3]), [1e300])).toEqual([10, 0]);
    expect(encoded(numberPlan([5, 5]), [6])).toEqual([1, 0]);
    expect(encoded(numberPlan([1e308, -1e308]), [1e308]).every(Number.isFinite)).toBe(true);
    expect(encoded(numberPlan([]), [0.5])).toEqual([0.5, 0]);
  });

  it('has a feature for each frequent value, one for other values, and one for missing values', () => {
    const plan = categoryPlan(['x', 'y', 'y', 'x', 'x', 'once', undefined, '']);
    expect(plan.others).toEqual([{ kind: 'category', column: 'c', values: ['x', 'y'] }]);
    expect(encoded(plan, ['y'])).toEqual([0, 1, 0, 0]);
    expect(encoded(plan, ['once'])).toEqual([0, 0, 1, 0]);
    for (const missing of [undefined, null, '']) expect(encoded(plan, [missing])).toEqual([0, 0, 0, 1]);
  });

  it('keeps the most frequent values of a category only', () => {
    const values = Array.from({ length: 120 }, (_, i) => [`v${i}`, `v${i}`, ...(i >= 60 ? [`v${i}`] : [])]).flat();
    const [part] = categoryPlan(values).others;
    expect(part).toMatchObject({ kind: 'category' });
    const kept = part?.kind === 'category' ? part.values : [];
    expect(kept).toHaveLength(MAX_CATEGORY_VALUES);
    expect(kept.every((value) => Number(value.slice(1)) >= 60)).toBe(true);
  });

  it('leaves out columns beyond the limit of features', () => {
    const others = Array.from({ length: 1_500 }, (_, i) => ({ column: `n${i}`, kind: 'number' as const }));
    const plan = planFeatures({ images: [], others }, []);
    expect(plan.width).toBe(MAX_OTHER_FEATURES);
    expect(plan.others).toHaveLength(MAX_OTHER_FEATURES / 2);
  });

  it('refuses embeddings and rows of another length', () => {
    const plan = planFeatures({ images: [{ column: 'image', size: 2 }], others: [] }, []);
    expect(() => encoded(plan, [], [Float32Array.of(1)])).toThrow('column image has 2 numbers, not 1');
    expect(() => encodeRow(plan, { embeddings: [], values: [] }, new Float32Array(3))).toThrow('has 2 numbers, not 3');
  });

  it('is encoded into shared memory', () => {
    const features = allocateFeatures(3, 4);
    expect(features).toHaveLength(12);
    expect(Object.prototype.toString.call(features.buffer)).toBe('[object SharedArrayBuffer]');
  });
});
