import type { LinearLayer, Pause } from '@pentaprism/heads';
import type { Rows } from './rows.js';

/**
 * What makes rows of features comparable: the mean, of which each row has most, would slow down gradient descent. A row may
 * consist of parts of different origin, of which each counts alike. A part of zeros only is missing, and treated as the
 * mean of the others.
 */
export interface Standardisation {
  /** Per feature. */
  readonly mean: Float64Array;
  readonly parts: readonly StandardisedPart[];
}

export interface StandardisedPart {
  /** Features of the part. */
  readonly size: number;
  /**
   * What multiplies the features after their mean is subtracted, so that all features of a row have a variance of 1 on
   * average. One for the whole part, so that what hardly varies is not blown up into noise.
   */
  readonly scale: number;
}

/** Rows between pauses: of 1280 numbers, they take 2 to 7 ms. */
const ROWS = 256;

/** @param sizes of the parts of a row, in their order. Rows have one part by default. */
export async function standardisationOf(
  rows: Rows,
  pause: Pause,
  sizes: readonly number[] = [rows.size],
): Promise<Standardisation> {
  const mean = new Float64Array(rows.size);
  const present = sizes.map(() => 0);
  await eachPart(rows, sizes, pause, (part, features, start) => {
    present[part] = (present[part] as number) + 1;
    for (let i = 0; i < features.length; i++) mean[start + i] = (mean[start + i] as number) + (features[i] as number);
  });
  eachSize(sizes, (part, size, start) => {
    const count = Math.max(1, present[part] as number);
    for (let i = start; i < start + size; i++) mean[i] = (mean[i] as number) / count;
  });
  const squares = sizes.map(() => 0);
  await eachPart(rows, sizes, pause, (part, features, start) => {
    let sum = squares[part] as number;
    for (let i = 0; i < features.length; i++) sum += ((features[i] as number) - (mean[start + i] as number)) ** 2;
    squares[part] = sum;
  });
  const share = rows.size / sizes.length;
  const parts = sizes.map((size, part) => {
    const variance = (squares[part] as number) / (Math.max(1, present[part] as number) * share);
    // Of a single example, or copies of one, there is nothing to scale.
    return { size, scale: variance > 1e-12 ? 1 / Math.sqrt(variance) : 1 };
  });
  return { mean, parts };
}

/** Writes a standardised row. */
export function standardise({ mean, parts }: Standardisation, row: Float32Array, target: Float32Array): void {
  let start = 0;
  for (const { size, scale } of parts) {
    const end = start + size;
    if (isMissing(row, start, end)) target.fill(0, start, end);
    else for (let i = start; i < end; i++) target[i] = ((row[i] as number) - (mean[i] as number)) * scale;
    start = end;
  }
}

/** Returns standardised copies of these rows, one after another. */
export function standardisedRows(
  rows: Rows,
  standardisation: Standardisation,
  indices: ArrayLike<number>,
): Float32Array {
  const { size } = rows;
  const result = new Float32Array(indices.length * size);
  for (let i = 0; i < indices.length; i++) {
    standardise(standardisation, rows.at(indices[i] as number), result.subarray(i * size, (i + 1) * size));
  }
  return result;
}

/** Returns whether a part of a row is missing: zeros only. */
export function isMissing(row: Float32Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (row[i] !== 0) return false;
  return true;
}

/** Returns the layer that gives for rows as they are what this one gives for standardised ones. */
export function forRawRows(layer: LinearLayer, { mean, parts }: Standardisation): LinearLayer {
  const outputs = layer.bias.length;
  const weights = new Float32Array(layer.weights.length);
  const bias = Float64Array.from(layer.bias);
  let at = 0;
  for (const { size, scale } of parts) {
    for (const end = at + size * outputs; at < end; at++) {
      const output = at % outputs;
      weights[at] = (layer.weights[at] as number) * scale;
      bias[output] = (bias[output] as number) - (weights[at] as number) * (mean[Math.floor(at / outputs)] as number);
    }
  }
  return { weights, bias: Float32Array.from(bias) };
}

async function eachPart(
  rows: Rows,
  sizes: readonly number[],
  pause: Pause,
  visit: (part: number, features: Float32Array, start: number) => void,
): Promise<void> {
  for (let index = 0; index < rows.count; index++) {
    const row = rows.at(index);
    eachSize(sizes, (part, size, start) => {
      if (!isMissing(row, start, start + size)) visit(part, row.subarray(start, start + size), start);
    });
    if (index % ROWS === 0) await pause();
  }
}

function eachSize(sizes: readonly number[], visit: (part: number, size: number, start: number) => void): void {
  let start = 0;
  for (const [part, size] of sizes.entries()) {
    visit(part, size, start);
    start += size;
  }
}
