/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { expect, it } from '@jest/globals';
import { createTensorFlowHeadTrainer } from '@pentaprism/inference';
import type { FittedHead } from './fit-head.js';
import { decodeFittedHead, encodeFittedHead } from './fitted-head-file.js';
import { encodeModel } from './model-file.js';
import { counts, table } from './table.fixture.js';
import { createThreadedCandidates } from './threaded-candidates.js';
import { trainCandidate } from './train-candidate.js';

const train = createThreadedCandidates();
const small = () => table('keras-linear-classifier', { type: 'multiclass', values: counts(20, 20, 20) });

it('a thread gives the bytes that this thread gives, and leaves the arrays as they are', async () => {
  const request = small();
  const there = await train(request);
  const here = await trainCandidate(createTensorFlowHeadTrainer(), request);
  expect(Buffer.compare(encodeModel(there.model), encodeModel(here.model))).toBe(0);
  expect(there.predictions).toEqual(here.predictions);
  expect(there.metrics).toEqual(here.metrics);
  expect([request.features.length, request.partitions.length]).toEqual([60 * 24, 60]);
});

it('a thread reports progress that never falls and ends with 1, while other work goes on', async () => {
  const shares: number[] = [];
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await train(small(), { onProgress: (share) => shares.push(share) });
  clearInterval(timer);
  expect(shares).toEqual(shares.toSorted((one, other) => one - other));
  expect(shares.length).toBeGreaterThan(12);
  expect(shares.at(-1)).toBe(1);
  expect(turns).toBeGreaterThan(10);
});

it('an abort ends the thread, and nothing is reported any more', async () => {
  const reason = new Error('enough');
  const controller = new AbortController();
  let reports = 0;
  const onProgress = () => {
    reports += 1;
    controller.abort(reason);
  };
  await expect(train(small(), { signal: controller.signal, onProgress })).rejects.toBe(reason);
  expect(reports).toBe(1);
  await expect(train(small(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

it('a failure of the thread is that of the training', async () => {
  const running = train({ ...small(), partitions: new Uint8Array(5) });
  await expect(running).rejects.toMatchObject({ name: 'RangeError', message: '60 rows do not have 5 partitions.' });
});

it('heads that a refused training passed on are not fitted again, and the result has the same bytes', async () => {
  const request = small();
  const stopped = new Error('enough');
  const passedOn = new Map<number, FittedHead>();
  const stopAfterThree = (index: number, head: FittedHead) => {
    passedOn.set(index, decodeFittedHead(encodeFittedHead(head)));
    return index < 2 ? Promise.resolve() : Promise.reject(stopped);
  };
  await expect(train(request, { onHead: stopAfterThree })).rejects.toBe(stopped);
  expect([...passedOn.keys()]).toEqual([0, 1, 2]);
  const fitted: number[] = [];
  const onHead = (index: number) => Promise.resolve(void fitted.push(index));
  const resumed = await train(request, { heads: passedOn, onHead });
  expect(fitted).toEqual([3, 4, 5]);
  const undisturbed = await train(request);
  expect(Buffer.compare(encodeModel(resumed.model), encodeModel(undisturbed.model))).toBe(0);
  expect(resumed.predictions).toEqual(undisturbed.predictions);
  expect(resumed.metrics).toEqual(undisturbed.metrics);
});
