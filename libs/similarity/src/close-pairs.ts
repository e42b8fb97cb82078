import type { Pause } from '@pentaprism/heads';
import { countBits, MAX_RADIUS, type Hashes } from './hashes.js';

/** Parts of a hash by which it is found, each of 16 bits. */
const PARTS = 4;
const PART_VALUES = 1 << 16;
/** Comparisons between two pauses: below a millisecond. */
const COMPARISONS_PER_STEP = 100_000;
/** What the visit of a pair counts as: the visitor may compare embeddings. */
const COMPARISONS_PER_VISIT = 100;

type Visitor = (one: number, other: number, distance: number) => void;

/**
 * Visits each pair of hashes that differ in at most `radius` bits exactly once, in an order that depends on the hashes only.
 *
 * Method: multi-index hashing (M. Norouzi, A. Punjani, D. Fleet, "Fast Search in Hamming Space with Multi-Index Hashing",
 * 2012). A pair within the radius r is within t_i in at least one part i if the numbers t_i + 1 sum up to r + 1. For each part,
 * only hashes whose parts differ in at most t_i bits are compared: 1,108 of 65,536 buckets for each hash at radius 12.
 *
 * @throws RangeError if `radius` is not a whole number from 0 to `MAX_RADIUS`
 */
export async function visitClosePairs(hashes: Hashes, radius: number, visit: Visitor, pause: Pause): Promise<void> {
  const limits = partLimits(radius);
  for (const [part, limit] of limits.entries()) {
    if (limit < 0) continue;
    const search = new PartSearch(hashes, part, limits, radius, visit);
    for (const mask of masksWithin(limit)) await search.run(mask, pause);
  }
}

/** Returns the largest distance within each part; −1 if the part need not be searched. */
function partLimits(radius: number): number[] {
  if (!Number.isInteger(radius) || radius < 0 || radius > MAX_RADIUS)
    throw new RangeError(`The radius ${radius} is not a whole number from 0 to ${MAX_RADIUS}`);
  const each = Math.floor((radius + 1) / PARTS);
  return Array.from({ length: PARTS }, (_, part) => each - (part < (radius + 1) % PARTS ? 0 : 1));
}

/** All values of a part, those with the fewest bits first. */
const MASKS = Uint16Array.from({ length: PART_VALUES }, (_, mask) => mask).sort(
  (one, other) => countBits(one) - countBits(other) || one - other,
);

/** Returns all values of a part with at most so many bits. */
function masksWithin(limit: number): Uint16Array {
  return MASKS.subarray(
    0,
    MASKS.findIndex((mask) => countBits(mask) > limit),
  );
}

function partOf(high: number, low: number, part: number): number {
  const word = part < 2 ? high : low;
  return part % 2 === 0 ? word >>> 16 : word & 0xffff;
}

/** The search for pairs that are close in one part. Its hashes lie in the order of their values in this part. */
class PartSearch {
  readonly #order: Uint32Array;
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  /** Where the hashes with each value begin. */
  readonly #starts: Uint32Array;
  /** The values that occur. */
  readonly #values: Uint16Array;
  #comparisons = 0;

  constructor(
    { high, low }: Hashes,
    readonly part: number,
    readonly limits: readonly number[],
    readonly radius: number,
    readonly visit: Visitor,
  ) {
    const valueOf = (i: number) => partOf(high[i] as number, low[i] as number, part);
    const counts = new Uint32Array(PART_VALUES);
    for (let i = 0; i < high.length; i++) (counts[valueOf(i)] as number)++;
    const starts = new Uint32Array(PART_VALUES + 1);
    for (let value = 0; value < PART_VALUES; value++)
      starts[value + 1] = (starts[value] as number) + (counts[value] as number);
    const next = starts.slice();
    const order = new Uint32Array(high.length);
    for (let i = 0; i < high.length; i++) order[(next[valueOf(i)] as number)++] = i;
    const values: number[] = [];
    for (let value = 0; value < PART_VALUES; value++) if (counts[value] !== 0) values.push(value);
    this.#starts = starts;
    this.#values = Uint16Array.from(values);
    this.#order = order;
    this.#high = Uint32Array.from(order, (i) => high[i] as number);
    this.#low = Uint32Array.from(order, (i) => low[i] as number);
  }

  /** Compares hashes whose values in this part differ in exactly the bits of the mask. */
  async run(mask: number, pause: Pause): Promise<void> {
    const [starts, values] = [this.#starts, this.#values];
    for (let place = 0; place < values.length; place++) {
      const value = values[place] as number;
      const other = value ^ mask;
      const [otherStart, otherEnd] = [starts[other] as number, starts[other + 1] as number];
      if (other < value || otherStart === otherEnd) continue;
      const end = starts[value + 1] as number;
      for (let i = starts[value] as number; i < end; i++) {
        this.#compare(i, mask === 0 ? i + 1 : otherStart, otherEnd);
        if (this.#comparisons < COMPARISONS_PER_STEP) continue;
        this.#comparisons = 0;
        await pause();
      }
      // A value costs its look-up.
      this.#comparisons++;
    }
  }

  #compare(one: number, begin: number, end: number): void {
    const [highs, lows, radius] = [this.#high, this.#low, this.radius];
    const high = highs[one] as number;
    const low = lows[one] as number;
    for (let other = begin; other < end; other++) {
      const highBits = high ^ (highs[other] as number);
      const lowBits = low ^ (lows[other] as number);
      const distance = countBits(highBits) + countBits(lowBits);
      if (distance <= radius && !this.#foundBefore(highBits, lowBits)) this.#visit(one, other, distance);
    }
    this.#comparisons += end - begin;
  }

  #visit(one: number, other: number, distance: number): void {
    const [first, second] = [this.#order[one] as number, this.#order[other] as number];
    this.visit(Math.min(first, second), Math.max(first, second), distance);
    this.#comparisons += COMPARISONS_PER_VISIT;
  }

  /** Whether the search of an earlier part has visited the pair. */
  #foundBefore(highBits: number, lowBits: number): boolean {
    for (let part = 0; part < this.part; part++)
      if (countBits(partOf(highBits, lowBits, part)) <= (this.limits[part] as number)) return true;
    return false;
  }
}
