import type { Pause } from '@pentaprism/heads';
import { byNearness, type Neighbour } from './keyed-rows.js';
import { compressionError, CompressedVectorSet } from './compressed-vector-set.js';
import { dotProduct, VectorSet } from './vector-set.js';

/** Vectors that are nearest by their compressed numbers, and are compared exactly. */
const SCREENED = 256;
/**
 * How far the cosines of compressed vectors that a search returns are off at most, beside their compression. The products of int8 numbers
 * are summed as integers, and divided by the lengths in float32. usearch estimates the reciprocal of a length by an instruction of the processor
 * and refines it: to 2e-7 on x86 (VRSQRTPS, 1.5 * 2^-12, and one step of Newton), and better on ARM (8 bits and two steps). With both lengths and
 * five roundings of 6e-8 each, that is less than 1e-6. The rest is for processors on which it has not been measured.
 */
const ROUNDING = 1e-5;
/** Searches at most that are not screened after some in which it was in vain. */
const MAX_SKIPPED = 64;

/**
 * Vectors of length 1, each with a key, in which the nearest ones are found exactly, by reading a quarter of their memory.
 *
 * A search compares the compressed vectors first, and the best of them again as they are. The errors of the compression are known, so
 * it is certain in most cases that no other vector is nearer. Otherwise all vectors are compared as they are.
 */
export class ScreenedVectorSet {
  readonly #exact: VectorSet;
  readonly #compressed: CompressedVectorSet;
  /** Of all vectors that have ever been here. */
  #largestError = 0;
  /** Searches that are not screened, because it has been in vain before: this many from now on, and as many again after that. */
  #skipped = 0;
  #left = 0;

  /** @param dimensions numbers of each vector */
  constructor(dimensions: number) {
    this.#exact = new VectorSet(dimensions);
    this.#compressed = new CompressedVectorSet(dimensions);
  }

  get size(): number {
    return this.#exact.size;
  }

  /** Returns the memory that the numbers take. */
  get bytes(): number {
    return this.#exact.bytes + this.#compressed.bytes;
  }

  keys(): IterableIterator<string> {
    return this.#exact.keys();
  }

  has(key: string): boolean {
    return this.#exact.has(key);
  }

  /**
   * Adds a vector, or replaces the one with this key.
   *
   * @throws RangeError if it has another number of dimensions
   */
  add(key: string, vector: Float32Array): void {
    this.#exact.add(key, vector);
    this.#compressed.add(key, vector);
    this.#largestError = Math.max(this.#largestError, compressionError(vector));
  }

  /** Removes the vector with this key, if there is one. */
  delete(key: string): void {
    this.#exact.delete(key);
    this.#compressed.delete(key);
  }

  /** As `VectorSet.nearest`. */
  async nearest(query: Float32Array, count: number, pause: Pause): Promise<Neighbour[]> {
    if (this.#left > 0) this.#left--;
    else {
      const found = await this.#screen(query, count, pause);
      if (found) return found;
    }
    return this.#exact.nearest(query, count, pause);
  }

  /** Returns null if it is not certain that the nearest vectors are among those that are compared exactly. */
  async #screen(query: Float32Array, count: number, pause: Pause): Promise<Neighbour[] | null> {
    const candidates = await this.#compressed.nearest(query, SCREENED, pause);
    const found = candidates
      .map(({ key }) => ({ key, similarity: dotProduct(query, this.#exact.get(key) as Float32Array) }))
      .sort(byNearness)
      .slice(0, count);
    const last = candidates.at(-1)?.similarity ?? 0;
    const reachable = last + this.#largestError + compressionError(query) + ROUNDING;
    const isCertain = candidates.length === this.size || (found[count - 1]?.similarity ?? -1) > reachable;
    this.#skipped = isCertain ? 0 : Math.min(MAX_SKIPPED, 2 * this.#skipped + 1);
    this.#left = this.#skipped;
    return isCertain ? found : null;
  }
}
