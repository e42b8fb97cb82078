/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { accuracy, clusters } from './clusters.fixture.js';
import { headTrainerConformance } from './head-trainer.conformance.js';
import { TENSORFLOW_BACKENDS } from './tensorflow.js';
import { createTensorFlowHeadTrainer } from './tensorflow-head-trainer.js';

const METHODS = ['log', 'info', 'warn', 'error', 'debug'] as const;
const printed: unknown[][] = [];
beforeAll(() => {
  for (const method of METHODS) jest.spyOn(console, method).mockImplementation((...words) => void printed.push(words));
});
afterAll(() => {
  jest.restoreAllMocks();
});

describe.each(TENSORFLOW_BACKENDS)('TensorFlow.js on %s', (backend) => {
  headTrainerConformance(createTensorFlowHeadTrainer({ backend }), { clusters, accuracy });
});

it('backends come to the same conclusions', async () => {
  const data = clusters({ counts: [20, 20] });
  const heads = await Promise.all(
    TENSORFLOW_BACKENDS.map((backend) => createTensorFlowHeadTrainer({ backend }).train({ ...data, seed: 'a' })),
  );
  const [one, other] = heads.map(({ weights }) => weights) as [Float32Array, Float32Array];
  one.forEach((weight, i) => expect(weight).toBeCloseTo(other[i] as number, 2));
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
