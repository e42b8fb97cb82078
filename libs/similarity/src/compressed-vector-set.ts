import { KeyedRows } from './keyed-rows.js';

/** As many bytes as a block of a `VectorSet` has. */
const BLOCK_ROWS = 8192;
const LARGEST = 127;

/** Returns of how many vectors the exact cosines are compared to find the nearest ones among compressed vectors. */
export const candidateCount = (nearest: number): number => 3 * nearest + 32;

/**
 * Vectors, each with a key, in a quarter of the memory of a `VectorSet`: their numbers are rounded to 8 bits, at a scale of each
 * vector's own. All are compared, but the cosines are approximate. Take more of the nearest than needed, and compare them again.
 */
export class CompressedVectorSet extends KeyedRows<Int8Array> {
  /** @param dimensions numbers of each vector */
  constructor(dimensions: number) {
    super({
      size: dimensions,
      bytesPerNumber: Int8Array.BYTES_PER_ELEMENT,
      blockRows: BLOCK_ROWS,
      createBlock: (length) => new Int8Array(length),
    });
  }

  protected write(vector: Float32Array, row: Int8Array): void {
    const scale = scaleOf(vector);
    for (let i = 0; i < vector.length; i++) row[i] = Math.round((vector[i] as number) * scale);
  }
}

/**
 * Returns the distance of a vector from its rounded numbers at the length 1. The product of two vectors of length 1 differs from the
 * cosine of the compressed ones by the sum of their distances at most. Rounding to float32 makes lengths differ from 1, which the distances
 * include.
 */
export function compressionError(vector: Float32Array): number {
  const scale = scaleOf(vector);
  let [ownSquare, product, square] = [0, 0, 0];
  for (const value of vector) {
    const rounded = Math.round(value * scale);
    ownSquare += value * value;
    product += value * rounded;
    square += rounded * rounded;
  }
  return square === 0 ? 1 : Math.sqrt(Math.max(0, ownSquare + 1 - (2 * product) / Math.sqrt(square)));
}

function scaleOf(vector: Float32Array): number {
  let largest = 0;
  for (const value of vector) largest = Math.max(largest, Math.abs(value));
  return largest === 0 ? 0 : LARGEST / largest;
}
