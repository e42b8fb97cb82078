import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SharedOutputs } from './mersenne-twister.js';
import { Reservoir } from './reservoir.js';

interface Vectors {
  mt19937_first_outputs_seed_0: number[];
  cases: { size: number; seen?: number; kept: number[]; kept_after_purge?: number[] }[];
}

/** Recorded from TensorBoard 2.21's `reservoir.py`. */
const vectors = JSON.parse(readFileSync(new URL('reservoir.vectors.json', import.meta.url), 'utf8')) as Vectors;

function offered(size: number, count: number): Reservoir<number> {
  const reservoir = new Reservoir<number>(size);
  for (let step = 0; step < count; step++) reservoir.add(step);
  return reservoir;
}

describe('Reservoir', () => {
  const plain = vectors.cases.filter(({ seen }) => seen !== undefined);

  it('draws the numbers of Python’s random.Random(0)', () => {
    const outputs = new SharedOutputs();
    const expected = vectors.mt19937_first_outputs_seed_0;
    expect(expected.map((_, index) => outputs.at(index))).toEqual(expected);
  });

  it.each(plain)('keeps the same $size of $seen events as TensorBoard', ({ size, seen = 0, kept }) => {
    expect(offered(size, seen).items).toEqual(kept);
  });

  it('keeps the same events as TensorBoard after a restart', () => {
    const purged = vectors.cases.find(({ kept_after_purge }) => kept_after_purge !== undefined);
    const reservoir = offered(10, 51);
    reservoir.keep((step) => step < 20);
    expect(reservoir.items).toEqual(purged?.kept_after_purge);
    for (let step = 20; step <= 80; step++) reservoir.add(step);
    expect(reservoir.items).toEqual(purged?.kept);
  });

  it('keeps all events if its size is 0', () => {
    expect(offered(0, 1000).items).toHaveLength(1000);
  });

  it('has seen nothing after a restart that left nothing', () => {
    const reservoir = offered(10, 51);
    reservoir.keep(() => false);
    expect([reservoir.items, reservoir.state.seen]).toEqual([[], 0]);
    reservoir.keep(() => true);
    expect(reservoir.state.seen).toBe(0);
  });

  it('goes on from its state at any event as if it had not been interrupted', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 12 }),
        fc.nat({ max: 300 }),
        fc.nat({ max: 300 }),
        (size, before, after) => {
          const first = offered(size, before);
          const second = new Reservoir(size, first.items, first.state);
          for (let step = before; step < before + after; step++) second.add(step);
          expect(second.items).toEqual(offered(size, before + after).items);
        },
      ),
    );
  });

  it('always keeps the newest event', () => {
    for (const size of [1, 2, 10]) {
      const reservoir = new Reservoir<number>(size);
      for (let step = 0; step < 500; step++) {
        reservoir.add(step);
        expect(reservoir.items.at(-1)).toBe(step);
      }
    }
  });
});

describe('SharedOutputs', () => {
  it('gives readers of far positions the same outputs, in any order', () => {
    const outputs = new SharedOutputs();
    const positions = [0, 39_935, 39_936, 200_000, 1_500_000];
    const forward = positions.map((position) => outputs.at(position));
    const other = new SharedOutputs();
    expect(positions.toReversed().map((position) => other.at(position))).toEqual(forward.toReversed());
    expect(new Set(forward).size).toBe(positions.length);
  });
});
