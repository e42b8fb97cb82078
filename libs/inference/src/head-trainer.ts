import type { Head, HeadKind, LinearLayer } from '@pentaprism/heads';
import type { Rows } from './rows.js';
import type { Standardisation } from './standardisation.js';

/** Trains linear heads. Adapters differ in the library that calculates, and pass one conformance suite. */
export interface HeadTrainer {
  /**
   * The same request gives the same bytes on the same backend and processor architecture.
   *
   * It gives way to other work of the process at least every 50 ms; of tens of thousands of examples, steps of the
   * preparation take up to 0.2 s. A process trains one head after another: calls wait
   * for each other.
   *
   * @throws RangeError for sizes or labels that contradict each other; the signal's reason when it is aborted
   */
  train(request: TrainingRequest): Promise<Head>;
}

/** What the outputs of a layer are compared with: one class of several, any number of labels, or numbers. */
export type LayerKind = HeadKind | 'regression';

/** Trains the layer of which a head consists, on rows that need not lie in one matrix. */
export interface LayerTrainer {
  /**
   * Returns the layer for standardised rows. As `HeadTrainer.train`, it gives way to other work and repeats its bytes.
   *
   * @throws the signal's reason when it is aborted
   */
  trainLayer(request: LayerRequest): Promise<LinearLayer>;
}

export type LayerRequest = Targets &
  Omit<TrainingRequest, keyof TrainingData> & {
    /** At least one. */
    readonly rows: Rows;
    readonly standardisation: Standardisation;
  };

/** What to learn. */
export type Targets =
  | {
      readonly kind: HeadKind;
      /** rows × tags, 0 or 1 */
      readonly labels: Uint8Array;
      readonly tags: number;
    }
  | {
      readonly kind: 'regression';
      /** One number per row. Their mean should be about 0, and their variance 1. */
      readonly labels: Float32Array;
      readonly tags: 1;
    };

export interface TrainingRequest extends TrainingData {
  /** Decides about the order of examples, and which of them validate. */
  readonly seed: string;
  readonly signal?: AbortSignal | undefined;
  /** Called with a share from 0 to 1 that never falls. */
  readonly onProgress?: ((share: number) => void) | undefined;
  /**
   * One per tag, how much its examples count. Left out, tags count inversely to their number of examples, within bounds
   * of 1/10 and 10.
   */
  readonly classWeights?: Float32Array | undefined;
}

export interface TrainingData {
  readonly kind: HeadKind;
  /** examples × embeddingSize, row by row; of Euclidean length 1 each. */
  readonly embeddings: Float32Array;
  readonly embeddingSize: number;
  /** examples × tags, row by row, 0 or 1. For multiclass exactly one 1 in each row. */
  readonly labels: Uint8Array;
  readonly tags: number;
}

/** How many examples there are. @throws RangeError where sizes or labels contradict each other */
export function checkTraining(request: TrainingRequest): number {
  const { kind, embeddings, embeddingSize, labels, tags, classWeights } = request;
  const examples = labels.length / tags;
  if (!Number.isInteger(examples) || examples < 1) {
    throw new RangeError(`${labels.length} labels are no whole number of rows of ${tags}.`);
  }
  if (embeddings.length !== examples * embeddingSize) {
    throw new RangeError(`${examples} embeddings of ${embeddingSize} numbers are not ${embeddings.length} numbers.`);
  }
  if (classWeights !== undefined && classWeights.length !== tags) {
    throw new RangeError(`${tags} tags have ${classWeights.length} weights.`);
  }
  for (let example = 0; example < examples; example++) {
    let count = 0;
    for (const label of labels.subarray(example * tags, (example + 1) * tags)) {
      if (label > 1) throw new RangeError(`A label is 0 or 1, not ${label}.`);
      count += label;
    }
    if (kind === 'multiclass' && count !== 1) throw new RangeError(`Example ${example} has ${count} tags, not one.`);
  }
  return examples;
}

/** The rows with these indices, in their order. */
export function rowsOf<T extends Float32Array | Uint8Array>(matrix: T, columns: number, indices: ArrayLike<number>): T {
  const rows = new (matrix.constructor as new (length: number) => T)(indices.length * columns);
  copyRows(rows, 0, matrix, columns, indices);
  return rows;
}

/** Copies the rows with these indices into another matrix of as many columns, from its row `at` on. */
export function copyRows<T extends Float32Array | Uint8Array>(
  target: T,
  at: number,
  matrix: T,
  columns: number,
  indices: ArrayLike<number>,
): void {
  for (let i = 0; i < indices.length; i++) {
    const from = (indices[i] as number) * columns;
    target.set(matrix.subarray(from, from + columns), (at + i) * columns);
  }
}
