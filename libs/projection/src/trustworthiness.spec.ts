import { expect, it } from '@jest/globals';
import { createRandom } from '@pentaprism/domain';
import { trustworthiness } from './trustworthiness.js';

const random = createRandom('trustworthiness');
const numbers = (length: number) => Float32Array.from({ length }, () => random());

it('is 1 for positions that are the vectors', () => {
  const vectors = numbers(200);
  expect(trustworthiness(vectors, vectors.slice(), 5)).toBe(1);
});

it('is about a half for random positions', () => {
  expect(Math.abs(trustworthiness(numbers(3000), numbers(1000), 10) - 0.5)).toBeLessThan(0.05);
});

it('is that of scikit-learn', () => {
  // trustworthiness([[0, 0], [1, 0], [3, 0], [6, 0], [10, 0], [15, 0], [21, 0], [28, 0]],
  //                 [[0, 0], [5, 0], [1, 0], [6, 0], [2, 0], [7, 0], [3, 0], [8, 0]], n_neighbors=2)
  const vectors = Float32Array.of(0, 0, 1, 0, 3, 0, 6, 0, 10, 0, 15, 0, 21, 0, 28, 0);
  const positions = Float32Array.of(0, 0, 5, 0, 1, 0, 6, 0, 2, 0, 7, 0, 3, 0, 8, 0);
  expect(trustworthiness(vectors, positions, 2)).toBeCloseTo(0.6111111111, 9);
});

it('refuses half of the points as neighbours', () => {
  expect(() => trustworthiness(numbers(20), numbers(20), 5)).toThrow('5 neighbours are too many for 10 points');
});
