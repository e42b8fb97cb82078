/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { describe, expect, it } from '@jest/globals';
import { createRandom } from '@pentaprism/domain';
import { compressionError } from './compressed-vector-set.js';
import { ScreenedVectorSet } from './screened-vector-set.js';
import { noPause, randomVector } from './searches.fixture.js';
import { VectorSet } from './vector-set.js';

const DIMENSIONS = 32;

/** A vector near to another one: the smaller the share, the nearer. */
function near(centre: Float32Array, random: () => number, share: number): Float32Array {
  const other = randomVector(random, DIMENSIONS);
  const mixed = centre.map((value, i) => value + share * (other[i] as number));
  const length = Math.hypot(...mixed);
  return mixed.map((value) => value / length);
}

describe('ScreenedVectorSet', () => {
  it.each([
    ['that lie apart', 10],
    ['that are hardly different from one another, where the screen decides nothing', 0.001],
  ])('finds exactly the nearest of vectors %s', async (_what, share) => {
    const random = createRandom(`screened ${share}`);
    const centre = randomVector(random, DIMENSIONS);
    const [screened, exact] = [new ScreenedVectorSet(DIMENSIONS), new VectorSet(DIMENSIONS)];
    for (let i = 0; i < 3000; i++) {
      const vector = near(centre, random, share);
      for (const set of [screened, exact]) set.add(String(i), vector);
    }
    for (let i = 0; i < 3000; i += 5) for (const set of [screened, exact]) set.delete(String(i));
    expect([screened.size, [...screened.keys()].length]).toEqual([2400, 2400]);
    for (let i = 0; i < 15; i++) {
      const query = near(centre, random, share);
      const [found, expected] = [await screened.nearest(query, 10, noPause), await exact.nearest(query, 10, noPause)];
      // Rounding orders vectors that are equally near in one way or the other.
      const least = expected[9]?.similarity ?? 2;
      for (const { similarity } of found) expect(similarity).toBeGreaterThanOrEqual(least - 1e-6);
      expect(found).toHaveLength(10);
    }
  });

  it('finds all of a few vectors, and nothing among none', async () => {
    const set = new ScreenedVectorSet(2);
    expect(await set.nearest(Float32Array.of(0, 1), 5, noPause)).toEqual([]);
    set.add('one', Float32Array.of(0, 1));
    set.add('other', Float32Array.of(1, 0));
    const found = await set.nearest(Float32Array.of(0, 1), 5, noPause);
    expect(found).toEqual([
      { key: 'one', similarity: 1 },
      { key: 'other', similarity: 0 },
    ]);
  });
});

describe('compressionError', () => {
  it('is more than what the cosine of compressed vectors is off by', async () => {
    const random = createRandom('errors');
    for (let i = 0; i < 200; i++) {
      const [one, other] = [randomVector(random, DIMENSIONS), randomVector(random, DIMENSIONS)];
      const set = new ScreenedVectorSet(DIMENSIONS);
      set.add('one', one);
      const [found] = await set.nearest(other, 1, noPause);
      const bound = compressionError(one) + compressionError(other);
      const rounded = [one, other].map((vector) => {
        const largest = Math.max(...vector.map(Math.abs));
        return vector.map((value) => Math.round((value * 127) / largest));
      });
      const [first, second] = rounded as [Float32Array, Float32Array];
      const cosine =
        first.reduce((sum, value, j) => sum + value * (second[j] as number), 0) /
        Math.hypot(...first) /
        Math.hypot(...second);
      expect(Math.abs(cosine - (found?.similarity ?? 2))).toBeLessThanOrEqual(bound + 1e-6);
    }
  });
});
