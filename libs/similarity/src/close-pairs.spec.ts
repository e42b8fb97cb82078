import { describe, expect, it } from '@jest/globals';
import { visitClosePairs } from './close-pairs.js';
import { hashDistance, MAX_RADIUS, parseHashes, type Hashes } from './hashes.js';
import { noPause, randomHashes } from './searches.fixture.js';

async function found(hashes: Hashes, radius: number): Promise<string[]> {
  const pairs: string[] = [];
  await visitClosePairs(hashes, radius, (...pair) => pairs.push(pair.join()), noPause);
  return pairs;
}

/** All pairs, by comparing each with each. */
function expected(hashes: Hashes, radius: number): string[] {
  const pairs: string[] = [];
  for (let one = 0; one < hashes.high.length; one++)
    for (let other = one + 1; other < hashes.high.length; other++) {
      const distance = hashDistance(hashes, one, other);
      if (distance <= radius) pairs.push([one, other, distance].join());
    }
  return pairs;
}

describe('visitClosePairs', () => {
  it('finds hashes that differ by a known number of bits, wherever these bits are', async () => {
    const hashes = parseHashes(['0000000000000000', '000f000000000000', '8000000000000001', 'ffffffffffffffff']);
    expect(await found(hashes, 3)).toEqual(['0,2,2']);
    expect((await found(hashes, 6)).sort()).toEqual(['0,1,4', '0,2,2', '1,2,6']);
  });

  it.each(Array.from({ length: MAX_RADIUS + 1 }, (_, radius) => radius))(
    'finds exactly the pairs within radius %i, each once',
    async (radius) => {
      const hashes = randomHashes(600, `radius ${radius}`, 14);
      const pairs = await found(hashes, radius);
      expect(pairs.sort()).toEqual(expected(hashes, radius).sort());
    },
  );

  it('finds pairs with all differing bits in one quarter of the hash', async () => {
    for (const quarter of [0, 1, 2, 3]) {
      const text = ['0000', '0000', '0000', '0000'].with(quarter, '0fff').join('');
      expect(await found(parseHashes(['0000000000000000', text]), 12)).toEqual(['0,1,12']);
      expect(await found(parseHashes(['0000000000000000', text]), 11)).toEqual([]);
    }
  });

  it('visits pairs in the same order each time', async () => {
    const hashes = randomHashes(3000, 'order', 4);
    expect(await found(hashes, 8)).toEqual(await found(hashes, 8));
  });

  it('pauses while it compares hashes that are all alike in one part', async () => {
    const low = Uint32Array.from({ length: 1000 }, (_, i) => Math.imul(i, 2654435761));
    let pauses = 0;
    const pause = () => Promise.resolve(void pauses++);
    await visitClosePairs({ high: new Uint32Array(1000), low }, 4, () => undefined, pause);
    expect(pauses).toBeGreaterThanOrEqual(4);
  });

  it.each([-1, 1.5, MAX_RADIUS + 1])('refuses the radius %d', async (radius) => {
    await expect(found(randomHashes(2, 'few'), radius)).rejects.toThrow(RangeError);
  });
});
