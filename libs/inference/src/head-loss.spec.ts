import { describe, expect, it } from '@jest/globals';
import { HEAD_KINDS } from '@pentaprism/heads';
import { crossEntropy, gradientWeights, lossWeights, startBias } from './head-loss.js';

/** Tag 0 thrice, tag 1 once. */
const ONE_EACH = { labels: Uint8Array.of(1, 0, 1, 0, 1, 0, 0, 1), tags: 2 };

describe('weights', () => {
  it('let all classes count alike together', () => {
    const weights = lossWeights('multiclass', ONE_EACH);
    const sums = [0, 1].map((tag) =>
      weights.reduce((sum, weight, i) => sum + (i % 2 === tag ? weight * (ONE_EACH.labels[i] as number) : 0), 0),
    );
    expect(sums[0]).toBeCloseTo(sums[1] as number, 6);
  });

  it('let examples with and without a tag count alike together', () => {
    const weights = lossWeights('multilabel', ONE_EACH);
    expect(weights[7]).toBeCloseTo(2, 6);
    expect([weights[1], weights[3], weights[5]].map((weight) => weight?.toFixed(4))).toEqual(Array(3).fill('0.6667'));
  });

  it('stay within bounds, also for a tag that no or every example has', () => {
    const rows = Array.from({ length: 1000 }, (_, i) => [1, Number(i === 0), 0]);
    const weights = lossWeights('multilabel', { labels: Uint8Array.from(rows.flat()), tags: 3 });
    for (const weight of weights) expect(weight >= 0.0999 && weight <= 10).toBe(true);
    expect(weights[1]).toBe(10);
  });

  it('can be given', () => {
    const given = Float32Array.of(3, 0.5);
    const weights = lossWeights('multiclass', ONE_EACH, given);
    expect([weights[0], weights[7]]).toEqual([3, 0.5]);
    expect([...gradientWeights('multiclass', ONE_EACH, weights)]).toEqual([3, 3, 3, 3, 3, 3, 0.5, 0.5]);
  });
});

describe('the bias at the start', () => {
  it('is the score of how often a tag occurs', () => {
    const once = new Float32Array(8).fill(1);
    const [three, one] = startBias('multiclass', ONE_EACH, once);
    expect([three, one].map((score) => Math.exp(score as number).toFixed(4))).toEqual(['0.7000', '0.3000']);
    expect(startBias('multilabel', ONE_EACH, once)[1]).toBeCloseTo(Math.log(1.5 / 3.5), 6);
  });

  it('is even where tags count alike together', () => {
    for (const kind of HEAD_KINDS) {
      const [one, other] = startBias(kind, ONE_EACH, lossWeights(kind, ONE_EACH));
      expect(one).toBeCloseTo(other as number, 5);
    }
  });

  it('is finite for a tag that nothing has', () => {
    const none = { labels: Uint8Array.of(1, 0, 1, 0), tags: 2 };
    for (const kind of HEAD_KINDS) {
      expect(startBias(kind, none, lossWeights(kind, none)).every(Number.isFinite)).toBe(true);
    }
  });
});

describe.each(HEAD_KINDS)('cross entropy (%s)', (kind) => {
  const scores = [0.5, -1, 2, 0, -0.3, 0.1, 1, 1.5];
  const weights = lossWeights(kind, ONE_EACH);

  it('falls in the direction of the gradient, by finite differences', () => {
    const probabilities = scores.map((score, i) => {
      const row = scores.slice(i - (i % 2), i - (i % 2) + 2);
      const sum = row.reduce((total, other) => total + Math.exp(other), 0);
      return kind === 'multiclass' ? Math.exp(score) / sum : 1 / (1 + Math.exp(-score));
    });
    const factors = gradientWeights(kind, ONE_EACH, weights);
    scores.forEach((_, i) => {
      const gradient = (((probabilities[i] as number) - (ONE_EACH.labels[i] as number)) * (factors[i] as number)) / 4;
      const step = 1e-4;
      const [above, below] = [step, -step].map((change) =>
        crossEntropy(kind, scores.with(i, (scores[i] as number) + change), ONE_EACH, weights),
      ) as [number, number];
      expect((above - below) / (2 * step)).toBeCloseTo(gradient, 5);
    });
  });

  it('is finite for scores beyond any exponential, and 0 where they are right', () => {
    const right = Float32Array.from(ONE_EACH.labels, (label) => (label === 1 ? 1e4 : -1e4));
    expect(crossEntropy(kind, right, ONE_EACH, weights)).toBe(0);
    const wrong = right.map((score) => -score);
    expect(crossEntropy(kind, wrong, ONE_EACH, weights)).toBeGreaterThan(1e4);
    expect(crossEntropy(kind, wrong, ONE_EACH, weights)).toBeLessThan(1e6);
  });
});
