/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { describe, expect, it } from '@jest/globals';
import { createRandom } from '@pentaprism/domain';
import { CompressedVectorSet } from './compressed-vector-set.js';
import { noPause, randomVector } from './searches.fixture.js';
import { VectorSet } from './vector-set.js';

const DIMENSIONS = 64;

describe('CompressedVectorSet', () => {
  it('has the nearest vectors among a few more, across blocks, whatever has been deleted', async () => {
    const random = createRandom('compressed');
    const [exact, compressed] = [new VectorSet(DIMENSIONS), new CompressedVectorSet(DIMENSIONS)];
    for (let i = 0; i < 9000; i++) {
      const vector = randomVector(random, DIMENSIONS);
      for (const set of [exact, compressed]) set.add(String(i), vector);
    }
    for (let i = 0; i < 9000; i += 3) for (const set of [exact, compressed]) set.delete(String(i));
    expect(compressed.size).toBe(6000);
    for (let query = 0; query < 20; query++) {
      const vector = randomVector(random, DIMENSIONS);
      const wanted = (await exact.nearest(vector, 10, noPause)).map(({ key }) => key);
      const found = (await compressed.nearest(vector, 30, noPause)).map(({ key }) => key);
      expect(found).toEqual(expect.arrayContaining(wanted));
    }
  });

  it('takes a quarter of the memory', () => {
    const [exact, compressed] = [new VectorSet(DIMENSIONS), new CompressedVectorSet(DIMENSIONS)];
    for (let i = 0; i < 8192; i++)
      for (const set of [exact, compressed]) set.add(String(i), new Float32Array(DIMENSIONS));
    expect(compressed.bytes * 4).toBe(exact.bytes);
  });

  it('returns approximate cosines, and 0 for a vector without length', async () => {
    const set = new CompressedVectorSet(2);
    set.add('near', Float32Array.of(0.6, 0.8));
    set.add('nothing', Float32Array.of(0, 0));
    const found = await set.nearest(Float32Array.of(0, 1), 2, noPause);
    expect(found.map(({ key }) => key)).toEqual(['near', 'nothing']);
    expect(found[0]?.similarity).toBeCloseTo(0.8, 2);
  });
});
