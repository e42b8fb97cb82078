import type { Rows } from '@pentaprism/inference';
import { classesOf, outputsOf, type Targets } from './targets.js';

/** Rows that were made of other rows. They have the same value of the target and are used for training only. */
export interface AugmentedRows {
  /** rows × plan.width. Shared with the thread if `allocateFeatures` made it, else copied. */
  readonly features: Float32Array;
  /** For each row the row of the table that it was made of. */
  readonly sources: Uint32Array;
}

/** A matrix of features of which a model uses the beginning of each row. */
export interface Table {
  readonly features: Float32Array;
  /** Numbers of a row. */
  readonly stride: number;
  /** Numbers of a row that the model uses. */
  readonly width: number;
  readonly augmented?: AugmentedRows | undefined;
}

/** Rows to train on, with the row of the table whose value of the target each one has. */
export interface TrainingRows extends Rows {
  readonly sources: Uint32Array;
}

/** Returns views of the rows with these indices, then of what was made of them. */
export function trainingRows({ features, stride, width, augmented }: Table, indices: Uint32Array): TrainingRows {
  const chosen = new Uint8Array(features.length / stride);
  for (const index of indices) chosen[index] = 1;
  const made: number[] = [];
  augmented?.sources.forEach((source, row) => chosen[source] === 1 && made.push(row));
  const sources = new Uint32Array(indices.length + made.length);
  sources.set(indices);
  made.forEach((row, i) => (sources[indices.length + i] = augmented?.sources[row] as number));
  const view = (matrix: Float32Array, row: number) => matrix.subarray(row * stride, row * stride + width);
  return {
    count: sources.length,
    size: width,
    sources,
    at: (index) => {
      if (index < indices.length) return view(features, indices[index] as number);
      return view((augmented as AugmentedRows).features, made[index - indices.length] as number);
    },
  };
}

/** Returns rows × outputs, 0 or 1. */
export function labelsOf(targets: Targets, sources: Uint32Array): Uint8Array {
  const outputs = outputsOf(targets);
  const labels = new Uint8Array(sources.length * outputs);
  sources.forEach((row, index) => {
    for (const each of classesOf(targets, row)) labels[index * outputs + each] = 1;
  });
  return labels;
}

/** What turns the output of a layer into the number of a regression. Both are in double precision, unlike the layer. */
export interface NumberScale {
  readonly mean: number;
  readonly deviation: number;
}

/** The numbers of a regression, standardised. */
export interface Numbers {
  readonly numbers: Float32Array;
  readonly scale: NumberScale;
}

export function numbersOf(targets: Targets, sources: Uint32Array): Numbers {
  const values = Float64Array.from(sources, (row) => targets.rows[row] as number);
  // Divided before they are added, and scaled before they are squared: neither can overflow.
  const mean = values.reduce((sum, value) => sum + value / values.length, 0);
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value - mean)), 0);
  const unit = largest > 0 ? largest : 1;
  const variance = values.reduce((sum, value) => sum + ((value - mean) / unit) ** 2 / values.length, 0);
  const deviation = largest > 0 ? unit * Math.sqrt(variance) : 1;
  return { numbers: Float32Array.from(values, (value) => (value - mean) / deviation), scale: { mean, deviation } };
}
