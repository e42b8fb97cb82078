import { KeyedRows } from './keyed-rows.js';

const BLOCK_ROWS = 2048;

/** Vectors of length 1, each with a key, in which the nearest ones are found by comparing all. */
export class VectorSet extends KeyedRows<Float32Array> {
  /** @param dimensions numbers of each vector */
  constructor(dimensions: number) {
    super({
      size: dimensions,
      bytesPerNumber: Float32Array.BYTES_PER_ELEMENT,
      blockRows: BLOCK_ROWS,
      createBlock: (length) => new Float32Array(length),
    });
  }

  /** Returns the cosine of two vectors that are here. @throws RangeError if one is not */
  similarity(one: string, other: string): number {
    const [first, second] = [this.get(one), this.get(other)];
    if (!first || !second) throw new RangeError('One of the vectors is not in the set');
    return dotProduct(first, second);
  }

  protected write(vector: Float32Array, row: Float32Array): void {
    row.set(vector);
  }
}

/** Returns the cosine of two vectors of length 1. */
export function dotProduct(one: Float32Array, other: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += (one[i] as number) * (other[i] as number);
  return sum;
}
