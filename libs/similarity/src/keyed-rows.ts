import type { Pause } from '@pentaprism/heads';
import { blockSearch, type Rows } from './block-search.js';

export interface Neighbour {
  readonly key: string;
  /** The cosine, from −1 to 1. */
  readonly similarity: number;
}

/** How the rows of a set lie in memory. */
export interface RowLayout<Row extends Rows> {
  /** Numbers of each row. */
  readonly size: number;
  readonly bytesPerNumber: number;
  /** Rows that lie together: one step of a search, which takes the event loop for some milliseconds. */
  readonly blockRows: number;
  createBlock(length: number): Row;
}

/** Vectors, each with a key, as rows of numbers in blocks. A deleted row leaves no gap. */
export abstract class KeyedRows<Row extends Rows> {
  readonly #blocks: Row[] = [];
  readonly #keys: string[] = [];
  readonly #rows = new Map<string, number>();

  constructor(protected readonly layout: RowLayout<Row>) {}

  /** Returns how many vectors there are. */
  get size(): number {
    return this.#keys.length;
  }

  /** Returns the memory that the numbers take. */
  get bytes(): number {
    const { size, bytesPerNumber, blockRows } = this.layout;
    return this.#blocks.length * blockRows * size * bytesPerNumber;
  }

  keys(): IterableIterator<string> {
    return this.#rows.keys();
  }

  has(key: string): boolean {
    return this.#rows.has(key);
  }

  /** Returns the numbers of a vector. They may change with the next `add` or `delete`. */
  get(key: string): Row | undefined {
    const row = this.#rows.get(key);
    return row === undefined ? undefined : this.#at(row);
  }

  /**
   * Adds a vector, or replaces the one with this key.
   *
   * @throws RangeError if it has another number of dimensions
   */
  add(key: string, vector: Float32Array): void {
    this.checkSize(vector);
    this.write(vector, this.#place(key));
  }

  /**
   * Returns the vectors nearest to another one, nearest first, those that are equally near in the order of their keys. The set
   * must not change before it resolves.
   *
   * @throws RangeError if the query has another number of dimensions
   */
  async nearest(query: Float32Array, count: number, pause: Pause): Promise<Neighbour[]> {
    this.checkSize(query);
    const { size, blockRows, createBlock } = this.layout;
    const { search } = await blockSearch();
    const row = createBlock(size);
    this.write(query, row);
    let best: Neighbour[] = [];
    for (const [i, block] of this.#blocks.entries()) {
      const rows = Math.min(blockRows, this.size - i * blockRows);
      const found = search(block.subarray(0, rows * size), row, Math.min(count, rows));
      const least = best.length < count ? Number.NEGATIVE_INFINITY : (best.at(-1) as Neighbour).similarity;
      const nearer = found.flatMap(({ row: place, similarity }) =>
        similarity < least ? [] : { key: this.#keys[i * blockRows + place] as string, similarity },
      );
      if (nearer.length > 0) best = [...best, ...nearer].sort(byNearness).slice(0, count);
      await pause();
    }
    return best;
  }

  /** Writes the numbers of a vector as those of a row. */
  protected abstract write(vector: Float32Array, row: Row): void;

  protected checkSize(vector: Float32Array): void {
    if (vector.length !== this.layout.size)
      throw new RangeError(`The vector has ${vector.length} numbers instead of ${this.layout.size}`);
  }

  /** Returns the numbers of the row with this key, to be written. A new row gets the next place. */
  #place(key: string): Row {
    const { size, blockRows, createBlock } = this.layout;
    const row = this.#rows.get(key) ?? this.#keys.length;
    if (row === this.#blocks.length * blockRows) this.#blocks.push(createBlock(blockRows * size));
    this.#keys[row] = key;
    this.#rows.set(key, row);
    return this.#at(row);
  }

  /** Removes the vector with this key, if there is one. The last row takes its place. */
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
    if (last % this.layout.blockRows === 0) this.#blocks.pop();
  }

  #at(row: number): Row {
    const { size, blockRows } = this.layout;
    const start = (row % blockRows) * size;
    return (this.#blocks[Math.floor(row / blockRows)] as Row).subarray(start, start + size) as Row;
  }
}

/** Orders the nearest first, and equal ones by their keys. */
export function byNearness(one: Neighbour, other: Neighbour): number {
  return other.similarity - one.similarity || (one.key < other.key ? -1 : 1);
}
