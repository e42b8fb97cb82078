/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { describe, expect, it } from '@jest/globals';
import { encodeEvaluation, encodeHead, HEAD_KINDS } from '@pentaprism/heads';
import { clusters } from './clusters.fixture.js';
import { createTensorFlowHeadTrainer } from './tensorflow-head-trainer.js';
import { createThreadedTraining } from './threaded-training.js';
import { trainAndEvaluate } from './train-and-evaluate.js';

const train = createThreadedTraining();

/** A new copy each time: the thread takes the arrays. */
const small = (kind: (typeof HEAD_KINDS)[number] = 'multiclass') => ({
  ...clusters({ kind, counts: [20, 20, 20] }),
  seed: 'a',
});
/** Takes seconds. */
const large = () => ({ ...clusters({ counts: [500, 500, 500, 500], size: 256, noise: 1 }), seed: 'a' });

it.each(HEAD_KINDS)('gives the bytes that this thread gives (%s)', async (kind) => {
  const here = await trainAndEvaluate(createTensorFlowHeadTrainer(), small(kind));
  const there = await train(small(kind));
  expect(Buffer.compare(encodeHead(there.head), encodeHead(here.head))).toBe(0);
  expect(Buffer.compare(encodeEvaluation(there.evaluation), encodeEvaluation(here.evaluation))).toBe(0);
});

it('takes weights of tags and the number of folds along', async () => {
  const request = () => ({ ...small(), classWeights: Float32Array.of(10, 1, 0.1), folds: 3 });
  const here = await trainAndEvaluate(createTensorFlowHeadTrainer(), request());
  const there = await train(request());
  expect(Buffer.compare(encodeHead(there.head), encodeHead(here.head))).toBe(0);
  expect(new Set(there.evaluation.folds).size).toBe(3);
});

it('takes augmented examples along', async () => {
  const made = () => {
    const { embeddings } = clusters({ seed: 'made', counts: [20, 20, 20] });
    return { ...small(), augmented: { embeddings, sources: Uint32Array.from({ length: 60 }, (_, i) => i) } };
  };
  const here = await trainAndEvaluate(createTensorFlowHeadTrainer(), made());
  const request = made();
  const there = await train(request);
  const without = await train(small());
  expect(Buffer.compare(encodeHead(there.head), encodeHead(here.head))).toBe(0);
  expect(Buffer.compare(encodeEvaluation(there.evaluation), encodeEvaluation(here.evaluation))).toBe(0);
  expect(Buffer.compare(encodeHead(there.head), encodeHead(without.head))).not.toBe(0);
  expect([request.augmented.embeddings.length, request.augmented.sources.length]).toEqual([0, 0]);
});

it('takes arrays without a copy, and leaves alone what shares its buffer', async () => {
  const request = small();
  const lent = Uint8Array.from([...request.labels, 0]).subarray(0, -1);
  const { evaluation } = await train({ ...request, labels: lent });
  expect(request.embeddings).toHaveLength(0);
  expect(lent).toEqual(request.labels);
  expect(evaluation.labels).toEqual(request.labels);
});

it('reports progress that never falls and ends with 1', async () => {
  const shares: number[] = [];
  await train(large(), { onProgress: (share) => shares.push(share) });
  expect(shares.length).toBeGreaterThan(12);
  expect(shares).toEqual(shares.toSorted((one, other) => one - other));
  expect(shares[0]).toBeGreaterThan(0);
  expect(shares.at(-1)).toBe(1);
});

describe('an abort', () => {
  const reason = new Error('enough');

  it('before it begins leaves the arrays as they are', async () => {
    const request = small();
    await expect(train(request, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(request.embeddings.length).toBeGreaterThan(0);
  });

  it('at the start ends it', async () => {
    const controller = new AbortController();
    const running = train(small(), { signal: controller.signal });
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
  });

  it('on the way ends the thread, and nothing is reported any more', async () => {
    const controller = new AbortController();
    let reports = 0;
    const running = train(large(), {
      signal: controller.signal,
      onProgress: () => {
        reports += 1;
        controller.abort(reason);
      },
    });
    await expect(running).rejects.toBe(reason);
    expect(reports).toBe(1);
  });

  it('later changes nothing', async () => {
    const controller = new AbortController();
    const { head } = await train(small(), { signal: controller.signal });
    controller.abort(reason);
    expect(head.bias).toHaveLength(3);
  });
});

describe('a failure', () => {
  it.each([
    ['sizes that contradict each other', { embeddings: new Float32Array(31) }, '60 embeddings of 32 numbers'],
    ['a label that cannot be', { labels: new Uint8Array(180).fill(2) }, 'A label is 0 or 1, not 2.'],
  ])('of %s has its message', async (_what, wrong, message) => {
    const running = train({ ...small(), ...wrong });
    await expect(running).rejects.toMatchObject({ name: 'RangeError', message: expect.stringContaining(message) });
  });

  it('of the listener to the progress is that of the training', async () => {
    const onProgress = () => {
      throw new Error('not interested');
    };
    await expect(train(small(), { onProgress })).rejects.toThrow('not interested');
  });

  it('of a thread without memory ends it alone', async () => {
    const narrow = createThreadedTraining({ limits: { maxOldGenerationSizeMb: 4, maxYoungGenerationSizeMb: 1 } });
    await expect(narrow(small())).rejects.toMatchObject({ code: 'ERR_WORKER_OUT_OF_MEMORY' });
  });
});
