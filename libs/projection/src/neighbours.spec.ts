/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { expect, it } from '@jest/globals';
import { clusters } from './clusters.fixture.js';
import { nearestNeighbours } from './neighbours.js';

const SIZE = 20;
const COUNT = 14;

function exact(points: Float32Array, from: number): number[] {
  const distances = Array.from({ length: points.length / SIZE }, (_, point) =>
    Math.hypot(...Array.from({ length: SIZE }, (_, i) => at(points, from * SIZE + i) - at(points, point * SIZE + i))),
  );
  return distances
    .map((_, point) => point)
    .filter((point) => point !== from)
    .sort((one, other) => at(distances, one) - at(distances, other))
    .slice(0, COUNT);
}

function at(numbers: ArrayLike<number>, index: number): number {
  return numbers[index] as number;
}

it('finds the nearest other points, nearest first', async () => {
  const points = clusters({ points: 1500, size: SIZE, clusters: 6 });
  const { indices, distances } = await nearestNeighbours(points, SIZE, COUNT, { threads: 2 });
  let found = 0;
  for (let point = 0; point < 1500; point++) {
    const own = [...indices.subarray(point * COUNT, (point + 1) * COUNT)];
    const apart = [...distances.subarray(point * COUNT, (point + 1) * COUNT)];
    expect(own).not.toContain(point);
    expect(apart).toEqual(apart.toSorted((one, other) => one - other));
    const nearest = new Set(exact(points, point));
    found += own.filter((neighbour) => nearest.has(neighbour)).length;
  }
  expect(found / (1500 * COUNT)).toBeGreaterThan(0.99);
});

it('finds the same on 1, 2 and more threads than it can use', async () => {
  const points = clusters({ points: 1500, size: SIZE, clusters: 6 });
  const one = await nearestNeighbours(points, SIZE, COUNT, { threads: 1 });
  expect(await nearestNeighbours(points, SIZE, COUNT, { threads: 2 })).toEqual(one);
  expect(await nearestNeighbours(points, SIZE, COUNT, { threads: 64 })).toEqual(one);
});

it('marks the places of neighbours that do not exist', async () => {
  const { indices } = await nearestNeighbours(Float32Array.of(1, 2, 4), 1, 3, { threads: 1 });
  expect([...indices]).toEqual([1, 2, -1, 0, 2, -1, 1, 0, -1]);
});

it('finds other points at distance 0 among more copies than neighbours', async () => {
  const { indices, distances } = await nearestNeighbours(new Float32Array(600 * SIZE).fill(1), SIZE, COUNT, {
    threads: 2,
  });
  expect(distances.every((distance) => distance === 0)).toBe(true);
  for (let point = 0; point < 600; point++) {
    const own = indices.subarray(point * COUNT, (point + 1) * COUNT);
    expect(new Set(own).size).toBe(COUNT);
    expect(own).not.toContain(point);
  }
});
