import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Evaluation } from './evaluation.js';
import { measurePerformance, type PerformanceMeasures } from './performance.js';

function evaluationOf(rows: readonly { p: number[]; y: number[]; fold?: number }[]): Evaluation {
  return {
    kind: 'multilabel',
    tags: rows[0]?.p.length as number,
    probabilities: Float32Array.from(rows.flatMap(({ p }) => p)),
    labels: Uint8Array.from(rows.flatMap(({ y }) => y)),
    folds: Uint8Array.from(rows, ({ fold = 0 }) => fold),
  };
}

describe('by hand', () => {
  it('one tag', async () => {
    // Ranked: right, wrong, right, wrong, right: precision 1, 2/3 and 3/5 where recall rises by a third each.
    const y = [1, 0, 1, 0, 1];
    const rows = [0.9, 0.8, 0.7, 0.6, 0.5].map((p, i) => ({ p: [p], y: [y[i] as number] }));
    const { overall, perTag } = await measurePerformance({ ...evaluationOf(rows), threshold: 0.65 });
    expect(overall.precision).toBeCloseTo(2 / 3, 12);
    expect(overall.recall).toBeCloseTo(2 / 3, 12);
    expect(overall.averagePrecision).toBeCloseTo((1 + 2 / 3 + 3 / 5) / 3, 12);
    expect(perTag).toEqual([overall]);
  });

  it('what is as probable as the threshold counts', async () => {
    const rows = [{ p: [0.5], y: [1] }];
    expect((await measurePerformance({ ...evaluationOf(rows), threshold: 0.5 })).overall.recall).toBe(1);
    expect((await measurePerformance({ ...evaluationOf(rows), threshold: 0.500001 })).overall.recall).toBe(0);
  });

  it('two tags: predictions of both together, average precision as the mean', async () => {
    const rows = [
      { p: [0.9, 0.8], y: [1, 0] },
      { p: [0.7, 0.6], y: [1, 1] },
      { p: [0.2, 0.9], y: [0, 1] },
      { p: [0.6, 0.1], y: [0, 0] },
    ];
    const { overall, perTag } = await measurePerformance({ ...evaluationOf(rows), threshold: 0.5 });
    expect(perTag.map(({ precision, recall }) => [precision, recall])).toEqual([
      [2 / 3, 1],
      [2 / 3, 1],
    ]);
    expect([overall.precision, overall.recall]).toEqual([4 / 6, 1]);
    expect(perTag.map(({ averagePrecision }) => averagePrecision)).toEqual([1, (1 + 2 / 3) / 2]);
    expect(overall.averagePrecision).toBeCloseTo((1 + 5 / 6) / 2, 12);
  });

  it('the standard deviation over folds, without those that say nothing', async () => {
    const rows = [
      { p: [0.9], y: [1], fold: 0 },
      { p: [0.1], y: [1], fold: 0 },
      { p: [0.9], y: [1], fold: 1 },
      { p: [0.9], y: [0], fold: 1 },
      { p: [0.2], y: [0], fold: 2 },
    ];
    const { overall } = await measurePerformance({ ...evaluationOf(rows), threshold: 0.5 });
    // Fold 0: 1 of 1 predictions, 1 of 2 found. Fold 1: 1 of 2, 1 of 1. Fold 2: nothing predicted, nothing to be found.
    expect(overall.precisionStdDeviation).toBeCloseTo(0.25, 12);
    expect(overall.recallStdDeviation).toBeCloseTo(0.25, 12);
    expect([overall.precision, overall.recall]).toEqual([2 / 3, 2 / 3]);
  });

  it('shares of nothing are 0', async () => {
    const { perTag } = await measurePerformance({ ...evaluationOf([{ p: [0.1, 0.9], y: [1, 0] }]), threshold: 0.5 });
    const zero = { precisionStdDeviation: 0, recallStdDeviation: 0 };
    expect(perTag[0]).toEqual({ precision: 0, recall: 0, averagePrecision: 1, ...zero });
    expect(perTag[1]).toEqual({ precision: 0, recall: 0, averagePrecision: 0, ...zero });
  });

  it('the order of examples of the same probability does not matter', async () => {
    const rows = [
      { p: [0.5], y: [1] },
      { p: [0.5], y: [0] },
    ];
    for (const order of [rows, rows.toReversed()]) {
      expect((await measurePerformance({ ...evaluationOf(order), threshold: 0.5 })).overall.averagePrecision).toBe(0.5);
    }
  });
});

// Few different probabilities, so that many are equal.
const rows = fc.integer({ min: 1, max: 3 }).chain((tags) =>
  fc.array(
    fc.record({
      p: fc.array(fc.constantFrom(0, 0.125, 0.25, 0.5, 0.75, 1), { minLength: tags, maxLength: tags }),
      y: fc.array(fc.constantFrom(0, 1), { minLength: tags, maxLength: tags }),
      fold: fc.integer({ min: 0, max: 2 }),
    }),
    { minLength: 1, maxLength: 30 },
  ),
);

/** Integrates the precision-recall curve over all thresholds, from the definition. */
function bruteForceAveragePrecision(p: readonly number[], y: readonly number[]): number {
  const positive = y.filter((label) => label === 1).length;
  if (positive === 0) return 0;
  const thresholds = [...new Set(p)].sort((one, other) => other - one);
  let [area, recallBefore] = [0, 0];
  for (const threshold of thresholds) {
    const predicted = y.filter((_, i) => (p[i] as number) >= threshold);
    const right = predicted.filter((label) => label === 1).length;
    area += (right / positive - recallBefore) * (right / predicted.length);
    recallBefore = right / positive;
  }
  return area;
}

describe('for any evaluation', () => {
  it('average precision is the area under the curve', async () => {
    await fc.assert(
      fc.asyncProperty(rows, async (examples) => {
        const { perTag } = await measurePerformance({ ...evaluationOf(examples), threshold: 0.5 });
        perTag.forEach(({ averagePrecision }, tag) => {
          const column = (of: 'p' | 'y') => examples.map((example) => example[of][tag] as number);
          expect(averagePrecision).toBeCloseTo(bruteForceAveragePrecision(column('p'), column('y')), 10);
        });
      }),
    );
  });

  it('recall never rises with the threshold, average precision never changes, and all are shares', async () => {
    await fc.assert(
      fc.asyncProperty(rows, async (examples) => {
        const measured = [0, 0.2, 0.5, 0.9].map((threshold) =>
          measurePerformance({ ...evaluationOf(examples), threshold }),
        );
        const at = (await Promise.all(measured)).map(({ overall }) => overall);
        at.forEach((performance, i) => {
          for (const value of Object.values(performance) as number[]) expect(value >= 0 && value <= 1).toBe(true);
          const before = (at[i - 1] ?? performance) as PerformanceMeasures;
          expect(performance.recall).toBeLessThanOrEqual(before.recall);
          expect(performance.averagePrecision).toBe(before.averagePrecision);
        });
      }),
    );
  });

  it('the order of examples does not matter', async () => {
    await fc.assert(
      fc.asyncProperty(rows, async (examples) => {
        const { overall: one } = await measurePerformance({ ...evaluationOf(examples), threshold: 0.5 });
        const { overall: other } = await measurePerformance({ ...evaluationOf(examples.toReversed()), threshold: 0.5 });
        for (const key of Object.keys(one) as (keyof PerformanceMeasures)[])
          expect(other[key]).toBeCloseTo(one[key], 10);
      }),
    );
  });
});
