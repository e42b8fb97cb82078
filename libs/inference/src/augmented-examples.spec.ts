/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { describe, expect, it } from '@jest/globals';
import { encodeEvaluation, encodeHead, predict } from '@pentaprism/heads';
import { checkAugmented, trainingRows, type AugmentedExamples } from './augmented-examples.js';
import { accuracy, clusters } from './clusters.fixture.js';
import { crossValidate } from './cross-validation.js';
import type { TrainingData } from './head-trainer.js';
import { positives } from './stratified-folds.js';
import { createTensorFlowHeadTrainer } from './tensorflow-head-trainer.js';
import { trainAndEvaluate } from './train-and-evaluate.js';

const trainer = createTensorFlowHeadTrainer();

/** Each example again, `times` times. */
function copiesOf({ embeddings, labels, tags }: TrainingData, times: number): AugmentedExamples {
  const sources = Uint32Array.from({ length: (labels.length / tags) * times }, (_, i) => Math.floor(i / times));
  const size = (embeddings.length * tags) / labels.length;
  const rows = new Float32Array(sources.length * size);
  sources.forEach((source, row) => rows.set(embeddings.subarray(source * size, (source + 1) * size), row * size));
  return { embeddings: rows, sources };
}

describe('the rows of a training', () => {
  const data = {
    kind: 'multiclass',
    embeddingSize: 2,
    embeddings: Float32Array.of(0, 1, 2, 3, 4, 5),
    tags: 2,
    labels: Uint8Array.of(1, 0, 0, 1, 1, 0),
  } as const;
  const augmented = { embeddings: Float32Array.of(20, 21, 10, 11, 22, 23, 0, 1), sources: Uint32Array.of(2, 1, 2, 0) };

  it('are the originals that it may know, then what was made of them, with their labels', () => {
    expect(trainingRows({ ...data, augmented }, [0, 2])).toEqual({
      embeddings: Float32Array.of(0, 1, 4, 5, 20, 21, 22, 23, 0, 1),
      labels: Uint8Array.of(1, 0, 1, 0, 1, 0, 1, 0, 1, 0),
    });
    expect(trainingRows({ ...data, augmented }, [1])).toEqual({
      embeddings: Float32Array.of(2, 3, 10, 11),
      labels: Uint8Array.of(0, 1, 0, 1),
    });
  });

  it('are the originals alone where nothing was made of any', () => {
    expect(trainingRows(data, [1])).toEqual({ embeddings: Float32Array.of(2, 3), labels: Uint8Array.of(0, 1) });
  });

  it.each([
    ['sizes that contradict each other', { ...augmented, embeddings: new Float32Array(7) }, 'are not 7 numbers'],
    ['an example of nothing', { ...augmented, sources: Uint32Array.of(0, 1, 3, 0) }, 'no example 3'],
  ])('are refused for %s', async (_what, wrong, message) => {
    expect(() => checkAugmented({ ...data, augmented: wrong })).toThrow(message);
    await expect(crossValidate(trainer, { ...data, augmented: wrong, seed: 'a' })).rejects.toThrow(RangeError);
  });
});

describe('training with augmented examples', () => {
  const data = clusters({ counts: [30, 10, 20] });

  it('judges no example by a head that has seen what was made of it', async () => {
    const noise = clusters({ counts: [30, 30], size: 128, noise: 1 });
    // Every other example of each cluster has the wrong tag: only who has seen an example, or its copies, knows which.
    const labels = Uint8Array.from({ length: 120 }, (_, i) => Number((i >> 1) % 2 === i % 2));
    const request = { ...noise, labels, augmented: copiesOf(noise, 4), seed: 'a' };
    const { head, evaluation } = await trainAndEvaluate(trainer, request);
    expect(accuracy({ ...noise, labels }, evaluation.probabilities)).toBeLessThan(0.7);
    // The head that is kept has seen all of them.
    const known = Array.from({ length: 60 }, (_, row) => [
      ...predict(head, noise.embeddings.subarray(row * 128, (row + 1) * 128)),
    ]);
    expect(accuracy({ ...noise, labels }, Float32Array.from(known.flat()))).toBeGreaterThan(0.95);
  });

  it('evaluates originals only, in the folds that they have without', async () => {
    const [plain, augmented] = [
      await crossValidate(trainer, { ...data, seed: 'a' }),
      await crossValidate(trainer, { ...data, augmented: copiesOf(data, 2), seed: 'a' }),
    ];
    expect(augmented.labels).toEqual(data.labels);
    expect(augmented.folds).toEqual(plain.folds);
  });

  it('gives the same bytes again, and others than without', async () => {
    const made = clusters({ seed: 'made', counts: [30, 10, 20], noise: 0.4 });
    const augmented = copiesOf(made, 2);
    const bytesOf = async (request: object) => {
      const { head, evaluation } = await trainAndEvaluate(trainer, { ...data, ...request, seed: 'a' });
      return [Buffer.from(encodeHead(head)), Buffer.from(encodeEvaluation(evaluation))];
    };
    const [one, again, without] = [await bytesOf({ augmented }), await bytesOf({ augmented }), await bytesOf({})];
    expect(again).toEqual(one);
    expect(without[0]?.equals(one[0] as Buffer)).toBe(false);
    expect(without[1]?.equals(one[1] as Buffer)).toBe(false);
  });

  it('leaves the shares of the tags, and so their weights, as they are', async () => {
    const counts: string[] = [];
    const counting = {
      train: async ({ kind, labels, tags }: TrainingData) => {
        counts.push(positives({ labels, tags }).join());
        return { kind, weights: new Float32Array(32 * tags), bias: new Float32Array(tags) };
      },
    };
    await trainAndEvaluate(counting, { ...data, augmented: copiesOf(data, 1), seed: 'a' });
    // Of five folds, each is trained without a fifth; in the end, all.
    expect(counts).toEqual([...Array.from({ length: 5 }, () => '48,16,32'), '60,20,40']);
  });
});
