/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { describe, expect, it } from '@jest/globals';
import { createRandom } from '@pentaprism/domain';
import { noPause, randomVector } from './searches.fixture.js';
import { VectorSet } from './vector-set.js';

const DIMENSIONS = 16;

function filled(count: number): { set: VectorSet; vectors: Map<string, Float32Array> } {
  const random = createRandom('vectors');
  const set = new VectorSet(DIMENSIONS);
  const vectors = new Map<string, Float32Array>();
  for (let i = 0; i < count; i++) {
    const vector = randomVector(random, DIMENSIONS);
    vectors.set(`key ${i}`, vector);
    set.add(`key ${i}`, vector);
  }
  return { set, vectors };
}

function expected(vectors: Map<string, Float32Array>, query: Float32Array, count: number): string[] {
  const cosine = (vector: Float32Array) => vector.reduce((sum, value, i) => sum + value * (query[i] as number), 0);
  return [...vectors]
    .map(([key, vector]) => ({ key, similarity: cosine(vector) }))
    .toSorted((a, b) => b.similarity - a.similarity)
    .slice(0, count)
    .map(({ key }) => key);
}

describe('VectorSet', () => {
  it('finds exactly the nearest vectors across blocks, nearest first', async () => {
    const { set, vectors } = filled(5000);
    const random = createRandom('queries');
    for (let i = 0; i < 20; i++) {
      const query = randomVector(random, DIMENSIONS);
      const found = await set.nearest(query, 25, noPause);
      expect(found.map(({ key }) => key)).toEqual(expected(vectors, query, 25));
    }
  });

  it('finds a vector itself with the similarity 1, and its opposite with −1', async () => {
    const set = new VectorSet(2);
    set.add('east', Float32Array.of(1, 0));
    set.add('west', Float32Array.of(-1, 0));
    set.add('north', Float32Array.of(0, 1));
    const found = await set.nearest(Float32Array.of(1, 0), 10, noPause);
    expect(found).toEqual([
      { key: 'east', similarity: 1 },
      { key: 'north', similarity: 0 },
      { key: 'west', similarity: -1 },
    ]);
  });

  it('lists equal vectors in the order of their keys', async () => {
    const set = new VectorSet(2);
    for (const key of ['c', 'a', 'b']) set.add(key, Float32Array.of(0, 1));
    expect((await set.nearest(Float32Array.of(0, 1), 3, noPause)).map(({ key }) => key)).toEqual(['a', 'b', 'c']);
  });

  it('never finds what was deleted, and everything else still', async () => {
    const { set, vectors } = filled(4100);
    const random = createRandom('deleted');
    for (const key of [...vectors.keys()].filter(() => random() < 0.6)) {
      set.delete(key);
      vectors.delete(key);
    }
    set.delete('unknown');
    expect(set.size).toBe(vectors.size);
    expect([...set.keys()].sort()).toEqual([...vectors.keys()].sort());
    const query = randomVector(random, DIMENSIONS);
    const found = await set.nearest(query, set.size, noPause);
    expect(found.map(({ key }) => key)).toEqual(expected(vectors, query, set.size));
  });

  it('returns memory when vectors are deleted', () => {
    const { set, vectors } = filled(2049);
    const before = set.bytes;
    for (const key of vectors.keys()) set.delete(key);
    expect(before).toBe(2 * 2048 * DIMENSIONS * 4);
    expect(set.bytes).toBe(0);
  });

  it('replaces the vector of a key', async () => {
    const set = new VectorSet(2);
    set.add('one', Float32Array.of(1, 0));
    set.add('one', Float32Array.of(0, 1));
    expect(await set.nearest(Float32Array.of(0, 1), 5, noPause)).toEqual([{ key: 'one', similarity: 1 }]);
    expect(set.similarity('one', 'one')).toBe(1);
  });

  it('is empty at first, and finds nothing then', async () => {
    expect(await new VectorSet(2).nearest(Float32Array.of(0, 1), 5, noPause)).toEqual([]);
  });

  it('refuses vectors of another length', async () => {
    const { set } = filled(3);
    expect(() => set.add('short', new Float32Array(3))).toThrow(RangeError);
    await expect(set.nearest(new Float32Array(3), 1, noPause)).rejects.toThrow(RangeError);
  });
});
