/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { expect, it } from '@jest/globals';
import { onTensorFlow } from '@pentaprism/inference';
import { clusters } from './clusters.fixture.js';
import { principalComponents } from './principal-components.js';

const SIZE = 96;

function componentsOf(vectors: Float32Array, size = SIZE, components = 50, seed = 'a') {
  return onTensorFlow('wasm', async (tf) => principalComponents(tf, vectors, size, { seed, components }));
}

/** Two directions of different variance, around a mean that is not 0. */
function plane(points: number): Float32Array {
  const vectors = new Float32Array(points * SIZE).fill(5);
  for (let point = 0; point < points; point++) {
    vectors[point * SIZE + 3] = 5 - 10 * Math.cos(point);
    vectors[point * SIZE + 7] = 5 + 2 * Math.sin(point);
  }
  return vectors;
}

it('finds the directions of the largest variance, with positive largest loadings', async () => {
  const { scores, components } = await componentsOf(plane(500), SIZE, 2);
  expect(components).toBe(2);
  for (let point = 0; point < 500; point++) {
    expect(Math.abs((scores[2 * point] as number) + 10 * Math.cos(point))).toBeLessThan(0.1);
    expect(Math.abs((scores[2 * point + 1] as number) - 2 * Math.sin(point))).toBeLessThan(0.1);
  }
});

it('keeps the distances of vectors that vary in fewer directions than there are components', async () => {
  const vectors = clusters({ points: 300, size: 40, clusters: 3 });
  const { scores, components } = await componentsOf(vectors, 40);
  expect(components).toBe(40);
  const distance = (rows: Float32Array, size: number, one: number, other: number) =>
    Math.hypot(
      ...Array.from({ length: size }, (_, i) => (rows[one * size + i] as number) - (rows[other * size + i] as number)),
    );
  for (let point = 1; point < 300; point++) {
    expect(distance(scores, 40, 0, point) / distance(vectors, 40, 0, point)).toBeCloseTo(1, 4);
  }
});

it('gives the same bytes again, and nearly the same directions for another seed', async () => {
  const vectors = clusters({ points: 400, size: SIZE, clusters: 5 });
  const [one, again, other] = [
    await componentsOf(vectors),
    await componentsOf(vectors),
    await componentsOf(vectors, SIZE, 50, 'b'),
  ];
  expect(Buffer.compare(Buffer.from(one.scores.buffer), Buffer.from(again.scores.buffer))).toBe(0);
  for (let point = 0; point < 400; point++) {
    expect(Math.abs((one.scores[50 * point] as number) - (other.scores[50 * point] as number))).toBeLessThan(1e-3);
  }
});

it('gives the same scores whether the vectors fill one slice or several', async () => {
  const size = 4096;
  const vectors = clusters({ points: 1100, size, clusters: 3 });
  const { scores, components } = await componentsOf(vectors, size, 2);
  const lengths = [0, 1, 2].map((cluster) => scores[components * cluster] as number);
  // The last rows lie in the second slice.
  expect(1100 * size * 4).toBeGreaterThan(16 * 1024 * 1024);
  for (let point = 1050; point < 1100; point++) {
    const nearest = lengths
      .map((length) => Math.abs(length - (scores[components * point] as number)))
      .reduce((least, value, index, all) => (value < (all[least] as number) ? index : least), 0);
    expect(nearest).toBe(point % 3);
  }
});
