/** Perceptual hashes of 64 bits, each as two words. */
export interface Hashes {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
}

/** Largest distance of two hashes for which pairs are searched. */
export const MAX_RADIUS = 12;

/** @param texts 16 hexadecimal digits each */
export function parseHashes(texts: readonly string[]): Hashes {
  const high = new Uint32Array(texts.length);
  const low = new Uint32Array(texts.length);
  for (const [i, text] of texts.entries()) {
    high[i] = parseInt(text.slice(0, 8), 16);
    low[i] = parseInt(text.slice(8), 16);
  }
  return { high, low };
}

/** Returns the number of bits in which two hashes differ. */
export function hashDistance({ high, low }: Hashes, one: number, other: number): number {
  return (
    countBits((high[one] as number) ^ (high[other] as number)) +
    countBits((low[one] as number) ^ (low[other] as number))
  );
}

/** Returns the number of bits that are set in a word. */
export function countBits(word: number): number {
  let sums = word - ((word >>> 1) & 0x55555555);
  sums = (sums & 0x33333333) + ((sums >>> 2) & 0x33333333);
  return Math.imul((sums + (sums >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Returns the indexes of hashes by their value: each list has one value, and is in the order of the hashes. */
export function indexesByHash({ high, low }: Hashes): number[][] {
  const lists = new Map<bigint, number[]>();
  for (const [i, word] of high.entries()) {
    const hash = (BigInt(word) << 32n) | BigInt(low[i] as number);
    const list = lists.get(hash);
    if (list) list.push(i);
    else lists.set(hash, [i]);
  }
  return [...lists.values()];
}

/** Returns some of the hashes, in the order of their indexes. */
export function pickHashes({ high, low }: Hashes, indexes: readonly number[]): Hashes {
  return {
    high: Uint32Array.from(indexes, (index) => high[index] as number),
    low: Uint32Array.from(indexes, (index) => low[index] as number),
  };
}
