import type { PredictedRow, Target } from '@pentaprism/contracts';
import { numberOf } from '@pentaprism/datasets';
import { LABEL_THRESHOLD } from '@pentaprism/domain';
import { encodeRow, predictRow, type ColumnValue, type TableModel } from '@pentaprism/modeling';

/** A row of a table, as far as a model reads it. */
export interface RowToPredict {
  /** The cell of each column by its name; null where missing. */
  readonly cells: ReadonlyMap<string, string | null>;
  /** The embedding of each image column by its name; absent where the image is missing or cannot be read. */
  readonly embeddings: ReadonlyMap<string, Float32Array>;
}

/** Predicts rows by a model. */
export class RowPredictor {
  private readonly features: Float32Array;
  /** Null unless the target has two classes. */
  private readonly positive: string | null;

  constructor(
    private readonly model: TableModel,
    { type, positiveClass }: Pick<Target, 'type' | 'positiveClass'>,
  ) {
    this.features = new Float32Array(model.plan.width);
    this.positive = type === 'binary' ? (positiveClass ?? model.classes.at(-1) ?? null) : null;
  }

  /**
   * Predicts a row. Missing images and values count as average ones. If the model uses images alone and the row has none, nothing
   * is predicted.
   *
   * @param rowId from 0
   */
  predict(rowId: number, row: RowToPredict): PredictedRow {
    const { plan, classes, targetType } = this.model;
    if (plan.others.length === 0 && plan.images.every(({ column }) => !row.embeddings.has(column)))
      return nothing(rowId, classes);
    const embeddings = plan.images.map(({ column }) => row.embeddings.get(column));
    const values = plan.others.map(({ kind, column }) => valueOf(kind, row.cells.get(column) ?? null));
    encodeRow(plan, { embeddings, values }, this.features);
    const predicted = predictRow(this.model, this.features);
    if (targetType === 'regression')
      return { rowId, prediction: predicted[0] ?? null, values: [], positiveProbability: null };
    const probabilities = targetType === 'multilabel' ? Array.from(predicted) : normalised(predicted);
    return {
      rowId,
      prediction:
        targetType === 'multilabel' ? likelyLabels(classes, probabilities) : likeliest(classes, probabilities),
      values: classes.map((label, i) => ({ label, value: probabilities[i] ?? 0 })),
      positiveProbability: this.positive === null ? null : (probabilities[classes.indexOf(this.positive)] ?? null),
    };
  }
}

function nothing(rowId: number, classes: readonly string[]): PredictedRow {
  const values = classes.map((label) => ({ label, value: null }));
  return { rowId, prediction: null, values, positiveProbability: null };
}

function valueOf(kind: 'number' | 'category', cell: string | null): ColumnValue {
  return cell !== null && kind === 'number' ? numberOf(cell) : cell;
}

/** Single precision leaves a sum that differs from 1 in its seventh digit. */
function normalised(probabilities: Iterable<number>): number[] {
  const sum = [...probabilities].reduce((total, each) => total + each, 0);
  return Array.from(probabilities, (each) => each / sum);
}

function likeliest(classes: readonly string[], probabilities: readonly number[]): string | null {
  return classes[probabilities.indexOf(Math.max(...probabilities))] ?? null;
}

function likelyLabels(classes: readonly string[], probabilities: readonly number[]): string[] {
  return classes.filter((_label, i) => (probabilities[i] ?? 0) >= LABEL_THRESHOLD);
}
