import type { CodedValue } from '@pentaprism/contracts';
import { LABEL_THRESHOLD, MAX_PREDICTED_CLASSES } from '@pentaprism/domain';
import { outputsOf, type Predictions, type Targets } from '@pentaprism/modeling';

/** Digits of a probability in a file: those that float32 has. */
const DIGITS = 7;

export interface Prediction {
  /** The indices of the classes that `values` are the probabilities of. Null for a regression. */
  readonly labels: number[] | null;
  readonly values: number[];
}

/** What a candidate predicted for each row. Rows are counted from 0. */
export class RowPredictions {
  readonly #values: Predictions;
  readonly #outputs: number;

  /**
   * @param bytes rows × outputs: float32, of a regression float64, or float32 if an earlier version wrote them
   * @throws Error for bytes of another size
   */
  constructor(
    private readonly targets: Targets,
    bytes: Uint8Array,
  ) {
    this.#outputs = outputsOf(targets);
    const count = this.#outputs * targets.rows.length;
    const isDouble = targets.type === 'regression' && bytes.length === 8 * count;
    if (!isDouble && bytes.length !== 4 * count)
      throw new Error(`The predictions of the model have ${bytes.length} bytes instead of ${4 * count}.`);
    // Copied, because the bytes may lie at any address.
    const { buffer } = Uint8Array.from(bytes);
    this.#values = isDouble ? new Float64Array(buffer) : new Float32Array(buffer);
  }

  /** Returns one number of a regression, or the probabilities of all classes, or of the most probable ones if there are many. */
  at(row: number): Prediction {
    if (this.targets.type === 'regression') return { labels: null, values: [...this.outputs(row)] };
    const values = [...this.outputs(row)].map(shortened);
    const classes = values.map((_, index) => index);
    if (classes.length <= MAX_PREDICTED_CLASSES) return { labels: classes, values };
    const labels = this.ranked(row).slice(0, MAX_PREDICTED_CLASSES);
    return { labels, values: labels.map((label) => values[label] ?? 0) };
  }

  /** Returns the predicted number, class, or set of labels. */
  predicted(row: number): CodedValue {
    const outputs = this.outputs(row);
    if (this.targets.type === 'regression') return outputs[0] ?? 0;
    if (this.targets.type !== 'multilabel') return this.mostProbable(row);
    return [...outputs.keys()].filter((label) => (outputs[label] ?? 0) >= LABEL_THRESHOLD);
  }

  /** Returns the index of the most probable class; 0 for a regression. */
  mostProbable(row: number): number {
    return this.ranked(row)[0] ?? 0;
  }

  private outputs(row: number): Predictions {
    return this.#values.subarray(row * this.#outputs, (row + 1) * this.#outputs);
  }

  private ranked(row: number): number[] {
    const outputs = this.outputs(row);
    return [...outputs.keys()].sort((a, b) => (outputs[b] ?? 0) - (outputs[a] ?? 0) || a - b);
  }
}

/** Returns the value of the target of a row as it is written to files; undefined without a value. Rows are counted from 0. */
export function actualOf(targets: Targets, row: number): CodedValue | undefined {
  const value = targets.rows[row] ?? NaN;
  if (targets.type === 'regression') return Number.isFinite(value) ? value : undefined;
  if (!(value >= 0)) return undefined;
  return targets.type === 'multilabel' ? [...(targets.sets[value] ?? [])] : value;
}

/** Returns a probability or a position without digits that mean nothing. */
export function shortened(value: number): number {
  return Number(value.toPrecision(DIGITS));
}
