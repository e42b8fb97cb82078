import type { Head, Pause } from '@pentaprism/heads';

/** Embeddings minus their mean, times one number: the mean, of which each has most, would slow down gradient descent. */
export interface Standardisation {
  /** Per feature. */
  readonly mean: Float64Array;
  /** Gives features a variance of 1 on average. One for all, so that what hardly varies is not blown up into noise. */
  readonly scale: number;
}

/** Rows between pauses: of 1280 numbers, they take 2 to 7 ms. */
const ROWS = 256;

/** @param embeddings examples × size, row by row */
export async function standardisationOf(
  embeddings: Float32Array,
  size: number,
  pause: Pause,
): Promise<Standardisation> {
  const mean = new Float64Array(size);
  for (let start = 0; start < embeddings.length; start += ROWS * size, await pause()) {
    addRows(embeddings.subarray(start, start + ROWS * size), mean);
  }
  const examples = embeddings.length / size;
  for (let feature = 0; feature < size; feature++) mean[feature] = (mean[feature] as number) / examples;
  let squares = 0;
  for (let start = 0; start < embeddings.length; start += ROWS * size, await pause()) {
    squares += squaredDistances(embeddings.subarray(start, start + ROWS * size), mean);
  }
  const variance = squares / embeddings.length;
  // Of a single example, or copies of one, there is nothing to scale.
  return { mean, scale: variance > 1e-12 ? 1 / Math.sqrt(variance) : 1 };
}

function addRows(rows: Float32Array, sums: Float64Array): void {
  for (let row = 0; row < rows.length; row += sums.length) {
    for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) + (rows[row + i] as number);
  }
}

function squaredDistances(rows: Float32Array, mean: Float64Array): number {
  let sum = 0;
  for (let row = 0; row < rows.length; row += mean.length) {
    for (let i = 0; i < mean.length; i++) sum += ((rows[row + i] as number) - (mean[i] as number)) ** 2;
  }
  return sum;
}

/** A standardised copy. */
export async function standardised(
  embeddings: Float32Array,
  { mean, scale }: Standardisation,
  pause: Pause,
): Promise<Float32Array> {
  const size = mean.length;
  const result = new Float32Array(embeddings.length);
  for (let row = 0; row < result.length; row += size) {
    for (let i = 0; i < size; i++) {
      result[row + i] = ((embeddings[row + i] as number) - (mean[i] as number)) * scale;
    }
    if ((row / size) % ROWS === 0) await pause();
  }
  return result;
}

/** The head for embeddings as they are that says what this one says of standardised ones. */
export function forRawEmbeddings(head: Head, { mean, scale }: Standardisation): Head {
  const tags = head.bias.length;
  const weights = head.weights.map((weight) => weight * scale);
  const bias = Float64Array.from(head.bias);
  for (let i = 0; i < weights.length; i++) {
    const tag = i % tags;
    bias[tag] = (bias[tag] as number) - (weights[i] as number) * (mean[Math.floor(i / tags)] as number);
  }
  return { kind: head.kind, weights, bias: Float32Array.from(bias) };
}
