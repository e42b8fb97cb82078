/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { describe, expect, it } from '@jest/globals';
import { encodeEvaluation, HEAD_KINDS, measurePerformance } from '@pentaprism/heads';
import { accuracy, clusters } from './clusters.fixture.js';
import { crossValidate } from './cross-validation.js';
import { createTensorFlowHeadTrainer } from './tensorflow-head-trainer.js';

const trainer = createTensorFlowHeadTrainer();

describe.each(HEAD_KINDS)('cross-validation (%s)', (kind) => {
  it('finds what can be learnt', async () => {
    const data = clusters({ kind, counts: [20, 20, 20] });
    const evaluation = await crossValidate(trainer, { ...data, seed: 'a' });
    expect(evaluation).toMatchObject({ kind, tags: 3, labels: data.labels });
    expect(accuracy(data, evaluation.probabilities)).toBeGreaterThan(0.85);
    expect([...new Set(evaluation.folds)].sort()).toEqual([0, 1, 2, 3, 4]);
    const { overall } = await measurePerformance({ ...evaluation, threshold: 0.5 });
    expect(overall.averagePrecision).toBeGreaterThan(0.95);
  });

  it('finds nothing where there is nothing: no example is judged by a head that has seen it', async () => {
    const data = clusters({ kind: 'multiclass', counts: [30, 30], noise: 0.2 });
    // Every other example of each cluster has the wrong tag. A head that had seen them knows 48 of 60.
    const labels = Uint8Array.from({ length: 120 }, (_, i) => Number((i >> 1) % 2 === i % 2));
    const evaluation = await crossValidate(trainer, { ...data, kind, labels, seed: 'a' });
    expect(accuracy({ ...data, kind, labels }, evaluation.probabilities)).toBeLessThan(0.7);
  });
});

describe('folds', () => {
  it.each([
    [[20, 20], undefined, 5],
    [[20, 20], 3, 3],
    [[20, 4], undefined, 4],
    [[20, 1], undefined, 2],
    [[1, 1], undefined, 2],
  ])('of %j examples, %j wanted: %i', async (counts, folds, expected) => {
    const request = { ...clusters({ counts }), seed: 'a', ...(folds === undefined ? {} : { folds }) };
    expect(new Set((await crossValidate(trainer, request)).folds).size).toBe(expected);
  });

  it('need two examples', async () => {
    await expect(crossValidate(trainer, { ...clusters({ counts: [1] }), seed: 'a' })).rejects.toThrow('two examples');
  });
});

it('gives the same bytes for the same seed', async () => {
  const request = { ...clusters({ counts: [10, 10] }), seed: 'a' };
  const [one, other] = [await crossValidate(trainer, request), await crossValidate(trainer, request)];
  expect(Buffer.compare(encodeEvaluation(one), encodeEvaluation(other))).toBe(0);
});

it('reports progress over all folds, and stops when it is aborted', async () => {
  const data = clusters({ counts: [40, 40] });
  const shares: number[] = [];
  await crossValidate(trainer, { ...data, seed: 'a', onProgress: (share) => shares.push(share) });
  expect(shares).toEqual(shares.toSorted((one, other) => one - other));
  expect(shares.at(-1)).toBe(1);
  const controller = new AbortController();
  const onProgress = (share: number) => share > 0.5 && controller.abort(new Error('enough'));
  const running = crossValidate(trainer, { ...data, seed: 'a', signal: controller.signal, onProgress });
  await expect(running).rejects.toThrow('enough');
});
