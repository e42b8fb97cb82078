import { createRandom } from '@pentaprism/domain';
import type { TensorFlow } from '@pentaprism/inference';
import { addScaled, orthonormalise, symmetricEigenvectors } from './linear-algebra.js';

/** Columns of the random test matrix: ten more than the components that are kept, as Halko et al. recommend. */
const TEST_COLUMNS = 60;
const POWER_ITERATIONS = 2;
/** Bytes of the vectors that are multiplied at once. */
const SLICE_BYTES = 16 * 1024 * 1024;

export interface PrincipalComponents {
  /** Row by row. */
  readonly scores: Float32Array;
  /** Scores of a vector. */
  readonly components: number;
}

export interface PrincipalComponentsOptions {
  readonly seed: string;
  /** Components to keep at most. */
  readonly components: number;
  readonly onProgress?: (share: number) => void;
}

/** The rows of a matrix, from which their mean is subtracted slice by slice. */
interface CentredRows {
  readonly rows: number;
  readonly size: number;
  /** Calls `use` with consecutive slices of the rows. The slice is overwritten afterwards. */
  forEach(use: (slice: Float32Array, firstRow: number) => void): void;
}

/**
 * Computes the scores of vectors on their first principal components by randomised subspace iteration (Halko et al.
 * 2011). The same input and seed give the same bytes. A component's largest loading is positive, which fixes its sign.
 *
 * The vectors are read four times in slices, so that the memory does not depend on their number.
 *
 * @param vectors row by row, finite
 */
export function principalComponents(
  tf: typeof TensorFlow,
  vectors: Float32Array,
  size: number,
  { seed, components, onProgress }: PrincipalComponentsOptions,
): PrincipalComponents {
  const centred = centredRows(vectors, size, progressOfPasses(vectors.length / size, onProgress));
  const basis = randomColumns(size, seed);
  for (let iteration = 0; iteration < POWER_ITERATIONS; iteration++) {
    timesCovariance(tf, centred, basis);
    orthonormalise(basis);
  }
  const projected = product(tf, centred, basis);
  return rotated(tf, projected, basis, components);
}

/** Returns a function that is called with each slice, and reports the share of the passes that is done. */
function progressOfPasses(rows: number, onProgress: ((share: number) => void) | undefined): (rows: number) => void {
  let done = 0;
  return (more) => onProgress?.(Math.min(1, (done += more) / (rows * (POWER_ITERATIONS + 1))));
}

function centredRows(vectors: Float32Array, size: number, onSlice: (rows: number) => void): CentredRows {
  const rows = vectors.length / size;
  const mean = meanOf(vectors, size);
  const step = Math.max(1, Math.floor(SLICE_BYTES / (size * Float32Array.BYTES_PER_ELEMENT)));
  const slice = new Float32Array(Math.min(rows, step) * size);
  return {
    rows,
    size,
    forEach(use) {
      for (let first = 0; first < rows; first += step) {
        const part = vectors.subarray(first * size, (first + step) * size);
        for (let i = 0, column = 0; i < part.length; i++) {
          slice[i] = (part[i] as number) - (mean[column] as number);
          column = column + 1 === size ? 0 : column + 1;
        }
        use(slice.subarray(0, part.length), first);
        onSlice(part.length / size);
      }
    },
  };
}

/** @throws RangeError where a number is not finite */
function meanOf(vectors: Float32Array, size: number): Float64Array {
  const mean = new Float64Array(size);
  for (let i = 0, column = 0; i < vectors.length; i++) {
    mean[column] = (mean[column] as number) + (vectors[i] as number);
    column = column + 1 === size ? 0 : column + 1;
  }
  const rows = vectors.length / size;
  for (let column = 0; column < size; column++) mean[column] = (mean[column] as number) / rows;
  if (!mean.every(Number.isFinite)) throw new RangeError('A vector contains a number that is not finite.');
  return mean;
}

function randomColumns(size: number, seed: string): Float64Array[] {
  const random = createRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from({ length: Math.min(TEST_COLUMNS, size) }, () => Float64Array.from({ length: size }, normal));
}

/** Replaces each column of the basis by the product of the rows' scatter matrix and the column. */
function timesCovariance(tf: typeof TensorFlow, centred: CentredRows, basis: readonly Float64Array[]): void {
  const sums = basis.map((column) => new Float64Array(column.length));
  const weights = tensorOf(tf, basis);
  centred.forEach((slice) => {
    const part = numbersOf(tf, () => {
      const rows = tf.tensor2d(slice, [slice.length / centred.size, centred.size]);
      // Transposes the smaller factor, since the backend multiplies transposed ones without SIMD.
      return tf.matMul(tf.transpose(tf.matMul(rows, weights)), rows);
    });
    sums.forEach((sum, column) => {
      const start = column * centred.size;
      for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (part[start + i] as number);
    });
  });
  weights.dispose();
  basis.forEach((column, index) => column.set(sums[index] as Float64Array));
}

/** Returns the product of the rows and the basis, row by row. */
function product(tf: typeof TensorFlow, centred: CentredRows, basis: readonly Float64Array[]): Float32Array {
  const result = new Float32Array(centred.rows * basis.length);
  const weights = tensorOf(tf, basis);
  centred.forEach((slice, firstRow) => {
    const part = numbersOf(tf, () =>
      tf.matMul(tf.tensor2d(slice, [slice.length / centred.size, centred.size]), weights),
    );
    result.set(part, firstRow * basis.length);
  });
  weights.dispose();
  return result;
}

/** Returns the numbers of a tensor and disposes of all tensors that were made for it. */
function numbersOf(tf: typeof TensorFlow, compute: () => TensorFlow.Tensor): Float32Array {
  let numbers = new Float32Array();
  // Returns none from `tidy`, which would search the array for tensors, number by number.
  tf.tidy(() => void (numbers = compute().dataSync<'float32'>() as Float32Array<ArrayBuffer>));
  return numbers;
}

/** Returns the columns as a matrix. */
function tensorOf(tf: typeof TensorFlow, columns: readonly Float64Array[]): TensorFlow.Tensor2D {
  const rows = columns[0]?.length ?? 0;
  const values = new Float32Array(rows * columns.length);
  columns.forEach((column, index) => {
    for (let row = 0; row < rows; row++) values[row * columns.length + index] = column[row] as number;
  });
  return tf.tensor2d(values, [rows, columns.length]);
}

/** Rotates the projected rows to the directions of their largest variance. */
function rotated(
  tf: typeof TensorFlow,
  projected: Float32Array,
  basis: readonly Float64Array[],
  most: number,
): PrincipalComponents {
  const { vectors } = symmetricEigenvectors(scatter(projected, basis.length));
  const axes = vectors.slice(0, most).map((axis) => withFixedSign(axis, basis));
  const rows = projected.length / basis.length;
  const scores = numbersOf(tf, () => tf.matMul(tf.tensor2d(projected, [rows, basis.length]), tensorOf(tf, axes)));
  return { scores, components: axes.length };
}

function scatter(rows: Float32Array, size: number): Float64Array[] {
  const matrix = Array.from({ length: size }, () => new Float64Array(size));
  for (let start = 0; start < rows.length; start += size) {
    for (let i = 0; i < size; i++) {
      const line = matrix[i] as Float64Array;
      const factor = rows[start + i] as number;
      for (let j = i; j < size; j++) line[j] = (line[j] as number) + factor * (rows[start + j] as number);
    }
  }
  matrix.forEach((line, i) => {
    for (let j = 0; j < i; j++) line[j] = matrix[j]?.[i] as number;
  });
  return matrix;
}

/** Negates an axis whose largest loading on the features of the vectors is negative. */
function withFixedSign(axis: Float64Array, basis: readonly Float64Array[]): Float64Array {
  const loadings = new Float64Array(basis[0]?.length ?? 0);
  basis.forEach((column, index) => addScaled(loadings, column, axis[index] as number));
  const largest = loadings.reduce((most, loading) => (Math.abs(loading) > Math.abs(most) ? loading : most), 0);
  return largest < 0 ? axis.map((value) => -value) : axis;
}
