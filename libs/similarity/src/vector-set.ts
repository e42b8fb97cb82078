import type { Pause } from '@pentaprism/heads';
import { exactSearch, MetricKind, type Matches } from 'usearch';

/** Vectors that lie together in memory: a search takes the event loop for two milliseconds a block. */
const BLOCK_ROWS = 2048;

export interface Neighbour {
  readonly key: string;
  /** The cosine, from −1 to 1. */
  readonly similarity: number;
}

/** Vectors of length 1, each with a key, in which the nearest ones are found by comparing all. */
export class VectorSet {
  readonly #blocks: Float32Array[] = [];
  readonly #keys: string[] = [];
  readonly #rows = new Map<string, number>();

  /** @param dimensions numbers of each vector */
  constructor(readonly dimensions: number) {}

  get size(): number {
    return this.#keys.length;
  }

  /** Returns the memory that the numbers take. */
  get bytes(): number {
    return this.#blocks.length * BLOCK_ROWS * this.dimensions * Float32Array.BYTES_PER_ELEMENT;
  }

  keys(): IterableIterator<string> {
    return this.#rows.keys();
  }

  has(key: string): boolean {
    return this.#rows.has(key);
  }

  /** Returns the numbers of a vector. They may change with the next `add` or `delete`. */
  get(key: string): Float32Array | undefined {
    const row = this.#rows.get(key);
    return row === undefined ? undefined : this.#at(row);
  }

  /**
   * Adds a vector, or replaces the one with this key.
   *
   * @throws RangeError if it has another number of dimensions
   */
  add(key: string, vector: Float32Array): void {
    if (vector.length !== this.dimensions)
      throw new RangeError(`The vector has ${vector.length} numbers instead of ${this.dimensions}`);
    const row = this.#rows.get(key) ?? this.#keys.length;
    if (row === this.#blocks.length * BLOCK_ROWS) this.#blocks.push(new Float32Array(BLOCK_ROWS * this.dimensions));
    this.#at(row).set(vector);
    this.#keys[row] = key;
    this.#rows.set(key, row);
  }

  /** Removes the vector with this key, if there is one. The last vector takes its place. */
  delete(key: string): void {
    const row = this.#rows.get(key);
    if (row === undefined) return;
    const last = this.#keys.length - 1;
    const moved = this.#keys.pop() as string;
    if (row !== last) {
      this.#at(row).set(this.#at(last));
      this.#keys[row] = moved;
      this.#rows.set(moved, row);
    }
    this.#rows.delete(key);
    if (last % BLOCK_ROWS === 0) this.#blocks.pop();
  }

  /** Returns the cosine of two vectors that are here. @throws RangeError if one is not */
  similarity(one: string, other: string): number {
    const [first, second] = [this.get(one), this.get(other)];
    if (!first || !second) throw new RangeError('One of the vectors is not in the set');
    let sum = 0;
    for (let i = 0; i < first.length; i++) sum += (first[i] as number) * (second[i] as number);
    return sum;
  }

  /**
   * Returns the vectors nearest to another one, nearest first, those that are equally near in the order of their keys. The set
   * must not change meanwhile.
   *
   * @throws RangeError if the query has another number of dimensions
   */
  async nearest(query: Float32Array, count: number, pause: Pause): Promise<Neighbour[]> {
    if (query.length !== this.dimensions)
      throw new RangeError(`The query has ${query.length} numbers instead of ${this.dimensions}`);
    let best: Neighbour[] = [];
    for (const [i, block] of this.#blocks.entries()) {
      const rows = Math.min(BLOCK_ROWS, this.size - i * BLOCK_ROWS);
      const found = this.#searchBlock(block, rows, query, count);
      const neighbours = Array.from(found.keys, (row, place) => ({
        key: this.#keys[i * BLOCK_ROWS + Number(row)] as string,
        similarity: 1 - (found.distances[place] as number),
      }));
      best = [...best, ...neighbours].sort(byNearness).slice(0, count);
      await pause();
    }
    return best;
  }

  #searchBlock(block: Float32Array, rows: number, query: Float32Array, count: number): Matches {
    const vectors = block.subarray(0, rows * this.dimensions);
    return exactSearch(vectors, query, this.dimensions, Math.min(count, rows), MetricKind.IP, 1) as Matches;
  }

  #at(row: number): Float32Array {
    const start = (row % BLOCK_ROWS) * this.dimensions;
    return (this.#blocks[Math.floor(row / BLOCK_ROWS)] as Float32Array).subarray(start, start + this.dimensions);
  }
}

function byNearness(one: Neighbour, other: Neighbour): number {
  return other.similarity - one.similarity || (one.key < other.key ? -1 : 1);
}
