import { createRandom } from '@pentaprism/domain';
import type { Hashes } from './hashes.js';

export const noPause = () => Promise.resolve();

/** Hashes without a pattern, the same on every run. Every tenth differs from the one before it in at most `flips` bits. */
export function randomHashes(count: number, seed: string, flips = 0): Hashes {
  const random = createRandom(seed);
  const word = () => Math.floor(random() * 2 ** 32);
  const high = Uint32Array.from({ length: count }, word);
  const low = Uint32Array.from({ length: count }, word);
  for (let i = 10; i < count; i += 10) {
    high[i] = high[i - 1] as number;
    low[i] = low[i - 1] as number;
    for (let flip = 0; flip < flips; flip++) {
      const words = random() < 0.5 ? high : low;
      words[i] = (words[i] as number) ^ (1 << Math.floor(random() * 32));
    }
  }
  return { high, low };
}

/** A vector of length 1 that points nowhere in particular. */
export function randomVector(random: () => number, dimensions: number): Float32Array {
  const vector = Float32Array.from({ length: dimensions }, () => random() - 0.5);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
