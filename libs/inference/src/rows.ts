/** Rows of numbers of one size. They may lie in several arrays, so that parts of a large matrix need no copy. */
export interface Rows {
  readonly count: number;
  readonly size: number;
  /** Returns a view of a row, which is not to be changed. */
  at(index: number): Float32Array;
}

/** Returns the rows of a matrix. */
export function matrixRows(matrix: Float32Array, size: number): Rows {
  return {
    count: matrix.length / size,
    size,
    at: (index) => matrix.subarray(index * size, (index + 1) * size),
  };
}
