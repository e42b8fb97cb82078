import { describe, expect, it } from '@jest/globals';
import { createRandom } from '@pentaprism/domain';
import { probabilitiesOf, type HeadKind } from '@pentaprism/heads';
import { calibrated, fitFactor } from './calibration.js';

/** Rows whose classes are drawn with the probabilities of their scores, which are then divided by `factor`. */
function drawn(kind: HeadKind, factor: number, count = 4_000) {
  const random = createRandom(`calibration of ${kind}`);
  const rows = Array.from({ length: count }, () => {
    const scores = Float64Array.from({ length: 3 }, () => 4 * random() - 2);
    const probabilities = probabilitiesOf(kind, scores);
    const drawnAt = random();
    let sum = 0;
    const one = probabilities.findIndex((probability) => (sum += probability) > drawnAt);
    const several = [...probabilities.keys()].filter((i) => random() < (probabilities[i] as number));
    return {
      scores: scores.map((score) => score / factor),
      classes: kind === 'multiclass' ? [Math.max(0, one)] : several,
    };
  });
  return {
    kind,
    count,
    outputs: 3,
    scoresOf: (index: number) => rows[index]?.scores ?? [],
    priorOf: () => [0, 0, 0],
    classesOf: (index: number) => rows[index]?.classes ?? [],
  };
}

describe.each(['multiclass', 'multilabel'] as const)('calibration (%s)', (kind) => {
  it.each([0.2, 1, 8])('finds that scores have to be multiplied by %d', (factor) => {
    const found = fitFactor(drawn(kind, factor));
    expect(found / factor).toBeGreaterThan(0.9);
    expect(found / factor).toBeLessThan(1.1);
  });
});

describe('calibration', () => {
  it('stays moderate for few rows that are all right', () => {
    const rows = { kind: 'multiclass' as const, outputs: 2, priorOf: () => [0, 0], classesOf: () => [0] };
    const factor = fitFactor({ ...rows, count: 4, scoresOf: () => [1, -1] });
    const [right] = calibrated('multiclass', [1, -1], factor, [0, 0]);
    // Five of six, as the four rows count.
    expect(right).toBeCloseTo(5 / 6, 3);
  });

  it('leaves scores as they are without rows', () => {
    const none = { kind: 'multiclass' as const, count: 0, outputs: 2, priorOf: () => [], classesOf: () => [] };
    expect(fitFactor({ ...none, scoresOf: () => [] })).toBe(1);
  });

  it('adds what is not multiplied', () => {
    const [one, other] = calibrated('multiclass', [0, 0], 5, [Math.log(3), 0]);
    expect(one).toBeCloseTo(0.75, 6);
    expect(other).toBeCloseTo(0.25, 6);
  });
});
