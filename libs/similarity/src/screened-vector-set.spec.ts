/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { describe, expect, it } from '@jest/globals';
import { createRandom } from '@pentaprism/domain';
import { compressionError, CompressedVectorSet } from './compressed-vector-set.js';
import { ScreenedVectorSet } from './screened-vector-set.js';
import { noPause, randomVector } from './searches.fixture.js';
import { dotProduct, VectorSet } from './vector-set.js';

const DIMENSIONS = 32;

/** A vector near to another one: the smaller the share, the nearer. */
function near(centre: Float32Array, random: () => number, share: number): Float32Array {
  const other = randomVector(random, DIMENSIONS);
  const mixed = centre.map((value, i) => value + share * (other[i] as number));
  const length = Math.hypot(...mixed);
  return mixed.map((value) => value / length);
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/**
 * A query that compression does not change, and a vector whose numbers are all rounded away from it by nearly half a step, so that its
 * cosine is off by as much as `compressionError` says.
 */
function worstCase(dimensions: number) {
  const random = createRandom('worst case');
  const signs = Float32Array.from({ length: dimensions }, () => (random() < 0.5 ? -1 : 1));
  // The first number is the largest, so that it sets the scale.
  const steps = signs.map((sign, i) => (i === 0 ? 127 : Math.floor(random() * 201 - 100) + 0.49 * sign));
  return { query: unit(signs), vector: unit(steps) };
}

/** A vector at a cosine with another one. */
function atCosine(query: Float32Array, cosine: number, random: () => number): Float32Array {
  const other = randomVector(random, query.length);
  const along = dotProduct(query, other);
  const across = unit(other.map((value, i) => value - along * (query[i] as number)));
  return across.map((value, i) => cosine * (query[i] as number) + Math.sqrt(1 - cosine ** 2) * value);
}

describe('ScreenedVectorSet', () => {
  it('finds the nearest vector where the compression moves it behind all that are screened', async () => {
    const { query, vector } = worstCase(1024);
    const [error, cosine] = [compressionError(vector), dotProduct(query, vector)];
    const [random, set] = [createRandom('screened'), new ScreenedVectorSet(1024)];
    set.add('nearest', vector);
    set.add('second', atCosine(query, cosine - 0.1 * error, random));
    for (let i = 0; i < 300; i++) set.add(`before ${i}`, atCosine(query, cosine - 0.85 * error, random));
    const [found] = await set.nearest(query, 1, noPause);
    expect(found?.key).toBe('nearest');
  });

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
  it('is reached by the cosine of a vector whose numbers are all rounded in one direction', async () => {
    const { query, vector } = worstCase(1024);
    const set = new CompressedVectorSet(1024);
    set.add('one', vector);
    const [found] = await set.nearest(query, 1, noPause);
    const off = Math.abs(dotProduct(query, vector) - (found?.similarity ?? 2));
    const bound = compressionError(vector) + compressionError(query);
    expect(off).toBeLessThanOrEqual(bound + 1e-6);
    expect(off).toBeGreaterThan(0.99 * bound);
  });

  it('includes that the length of a vector is not exactly 1', () => {
    const { query, vector } = worstCase(1024);
    expect(compressionError(query.map((value) => value * 1.001))).toBeCloseTo(0.001, 6);
    const error = compressionError(vector);
    expect(compressionError(vector.map((value) => value * 1.001))).toBeCloseTo(Math.hypot(error, 0.001), 5);
  });

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
