/** Sweeps after which the Jacobi method has converged for any matrix of this size; it needs 6 to 10. */
const MAX_SWEEPS = 50;
/** Part of a column's length below which the rest of it is rounding errors of 32-bit numbers. */
const DEPENDENT = 1e-5;

/**
 * Makes the columns of a matrix orthonormal, in place. A column that depends on earlier ones becomes zero.
 *
 * @param columns one array per column
 */
export function orthonormalise(columns: readonly Float64Array[]): void {
  columns.forEach((column, index) => {
    const before = length(column);
    // Twice, because one pass leaves rounding errors of nearly dependent columns.
    for (let pass = 0; pass < 2; pass++) {
      for (const earlier of columns.slice(0, index)) addScaled(column, earlier, -dot(column, earlier));
    }
    const after = length(column);
    if (after <= DEPENDENT * before) column.fill(0);
    else for (let i = 0; i < column.length; i++) column[i] = (column[i] as number) / after;
  });
}

export interface Eigenvectors {
  /** Descending. */
  readonly values: Float64Array;
  /** One array per eigenvalue. */
  readonly vectors: readonly Float64Array[];
}

/**
 * Returns the eigenvalues and eigenvectors of a symmetric matrix by the cyclic Jacobi method.
 *
 * @param matrix rows; destroyed
 */
export function symmetricEigenvectors(matrix: readonly Float64Array[]): Eigenvectors {
  const size = matrix.length;
  const vectors = matrix.map((_, row) => Float64Array.from({ length: size }, (_, column) => Number(row === column)));
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    let rotated = false;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) rotated = rotate(matrix, vectors, p, q) || rotated;
    }
    if (!rotated) break;
  }
  const diagonal = matrix.map((row, index) => row[index] as number);
  const order = diagonal.map((_, index) => index).sort((one, other) => at(diagonal, other) - at(diagonal, one));
  return {
    values: Float64Array.from(order, (index) => at(diagonal, index)),
    vectors: order.map((index) => vectors[index] as Float64Array),
  };
}

/** Makes the element (p, q) zero. Returns false if it is already negligible. */
function rotate(matrix: readonly Float64Array[], vectors: readonly Float64Array[], p: number, q: number): boolean {
  const rowP = matrix[p] as Float64Array;
  const rowQ = matrix[q] as Float64Array;
  const element = at(rowP, q);
  const scale = Math.sqrt(Math.abs(at(rowP, p) * at(rowQ, q)));
  if (Math.abs(element) <= Number.EPSILON * scale || Math.abs(element) < Number.MIN_VALUE / Number.EPSILON)
    return false;
  const theta = (at(rowQ, q) - at(rowP, p)) / (2 * element);
  const tangent = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const cosine = 1 / Math.hypot(tangent, 1);
  const sine = tangent * cosine;
  for (const row of matrix) {
    const left = at(row, p);
    const right = at(row, q);
    row[p] = cosine * left - sine * right;
    row[q] = sine * left + cosine * right;
  }
  turn(rowP, rowQ, cosine, sine);
  turn(vectors[p] as Float64Array, vectors[q] as Float64Array, cosine, sine);
  return true;
}

function turn(one: Float64Array, other: Float64Array, cosine: number, sine: number): void {
  for (let i = 0; i < one.length; i++) {
    const left = at(one, i);
    const right = at(other, i);
    one[i] = cosine * left - sine * right;
    other[i] = sine * left + cosine * right;
  }
}

function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += at(one, i) * at(other, i);
  return sum;
}

function length(column: Float64Array): number {
  return Math.sqrt(dot(column, column));
}

/** Adds a multiple of another column, in place. */
export function addScaled(column: Float64Array, other: Float64Array, factor: number): void {
  for (let i = 0; i < column.length; i++) column[i] = at(column, i) + factor * at(other, i);
}

function at(numbers: ArrayLike<number>, index: number): number {
  return numbers[index] as number;
}
