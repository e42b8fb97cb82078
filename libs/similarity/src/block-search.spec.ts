/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { describe, expect, it } from '@jest/globals';
import { createRandom } from '@pentaprism/domain';
import { blockSearch, loadSearch, type Match, type Rows } from './block-search.js';
import { randomVector } from './searches.fixture.js';

const SIZE = 32;
const ROWS = 50;

const random = createRandom('blocks');
const vectors = Float32Array.from(Array.from({ length: ROWS }, () => [...randomVector(random, SIZE)]).flat());
const query = randomVector(random, SIZE);
const rounded = (numbers: Float32Array) => Int8Array.from(numbers, (value) => value * 127);
const sorted = (matches: Match[]) => matches.toSorted((one, other) => other.similarity - one.similarity);

describe('the search without the library', () => {
  it.each<[string, Rows, Rows]>([
    ['float32', vectors, query],
    ['8 bits', rounded(vectors), rounded(query)],
  ])('finds the same rows of %s with the same cosines', async (_numbers, block, one) => {
    const failure = new Error('There is no binary for this system');
    const without = await loadSearch(() => Promise.reject(failure));
    expect(without.failure).toBe(failure);
    const library = await blockSearch();
    expect(library.failure).toBeUndefined();
    const [found, expected] = [sorted(without.search(block, one, 7)), sorted(library.search(block, one, 7))];
    expect(found.map(({ row }) => row)).toEqual(expected.map(({ row }) => row));
    for (const [i, { similarity }] of found.entries()) expect(similarity).toBeCloseTo(expected[i]?.similarity ?? 2, 4);
  });

  it('finds no similarity where a vector has no length', async () => {
    const { search } = await loadSearch(() => Promise.reject(new Error('none')));
    expect(search(new Int8Array(2), Int8Array.of(1, 0), 1)).toEqual([{ row: 0, similarity: 0 }]);
  });
});
