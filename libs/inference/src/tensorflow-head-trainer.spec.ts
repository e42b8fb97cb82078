/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { accuracy, clusters } from './clusters.fixture.js';
import { headTrainerConformance } from './head-trainer.conformance.js';
import { chooseTensorFlowBackend, type TensorFlowBackend } from './tensorflow.js';
import { createTensorFlowHeadTrainer } from './tensorflow-head-trainer.js';

const METHODS = ['log', 'info', 'warn', 'error', 'debug'] as const;
const printed: unknown[][] = [];
beforeAll(() => {
  for (const method of METHODS) jest.spyOn(console, method).mockImplementation((...words) => void printed.push(words));
});
afterAll(() => {
  jest.restoreAllMocks();
});

const BUNDLED: readonly TensorFlowBackend[] = ['wasm', 'cpu'];
const native = (await chooseTensorFlowBackend()) === 'node';
const backends = native ? (['node', ...BUNDLED] as const) : BUNDLED;

describe.each(BUNDLED)('TensorFlow.js on %s', (backend) => {
  headTrainerConformance(createTensorFlowHeadTrainer({ backend }), { clusters, accuracy });
});

(native ? describe : describe.skip)('TensorFlow.js on node (skipped without @tensorflow/tfjs-node)', () => {
  headTrainerConformance(createTensorFlowHeadTrainer({ backend: 'node' }), { clusters, accuracy });
});

it('backends come to the same conclusions', async () => {
  const data = clusters({ counts: [20, 20] });
  const heads = await Promise.all(
    backends.map((backend) => createTensorFlowHeadTrainer({ backend }).train({ ...data, seed: 'a' })),
  );
  const [one, ...others] = heads.map(({ weights }) => weights) as [Float32Array, Float32Array];
  for (const other of others) one.forEach((weight, i) => expect(weight).toBeCloseTo(other[i] as number, 2));
});

it('leaves no tensors behind', async () => {
  const { memory } = await import('@tensorflow/tfjs-core');
  const before = memory().numTensors;
  await createTensorFlowHeadTrainer().train({ ...clusters({ counts: [20, 20] }), seed: 'a' });
  expect(memory().numTensors).toBe(before);
});

it('prints nothing', () => {
  expect(printed).toEqual([]);
});
