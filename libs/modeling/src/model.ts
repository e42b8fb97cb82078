import type { TargetType } from '@pentaprism/domain';
import { probabilitiesOf, type LinearLayer } from '@pentaprism/heads';
import { partSizes, type FeaturePlan } from './feature-plan.js';
import { numbersFor, scoreRow } from './fit-head.js';
import type { Predictions } from './targets.js';
import type { NumberScale } from './training-rows.js';

/** A trained candidate: all that a prediction needs, except the backbone. */
export interface TableModel {
  /** The id of the blueprint. */
  readonly blueprint: string;
  readonly targetType: TargetType;
  readonly classes: readonly string[];
  /** The id of the backbone that made the embeddings. */
  readonly backbone: string;
  /** What the layer reads. Without other columns if the blueprint does not use them. */
  readonly plan: FeaturePlan;
  /** Weights and bias for features as `encodeRow` writes them, calibrated. One output per class; of a regression, the number before `scale`. */
  readonly layer: LinearLayer;
  /** Parts × outputs: the scores that are added if the part is missing, so that it counts as an average one. */
  readonly absent: Float32Array;
  /** Null for classes, and for a regression of an earlier version, whose layer gives the number itself. */
  readonly scale: NumberScale | null;
}

/** The part of a model that reads one image column. */
export interface ColumnWeights {
  /** Numbers of an embedding. */
  readonly size: number;
  /** For each output the weights of the normalised embedding. */
  readonly perOutput: readonly Float32Array[];
}

/**
 * Predicts a row: class probabilities that add up to 1; independent probabilities for a multilabel target; one number for a
 * regression.
 *
 * @param features of the model's plan, or of the whole plan that it was trained with
 * @throws RangeError for fewer features
 */
export function predictRow(model: TableModel, features: Float32Array): Predictions {
  const { plan, layer, absent, targetType, scale } = model;
  const scores = scoreRow({ layer, absent, parts: partSizes(plan) }, features.subarray(0, plan.width));
  if (targetType === 'regression') return numbersFor(scores, scale);
  return probabilitiesOf(targetType === 'multilabel' ? 'multilabel' : 'multiclass', scores);
}

/**
 * Returns the weights of an image column. They multiply the normalised embedding, so that maps of them are exact.
 *
 * @throws RangeError for a column that the model does not use
 */
export function weightsOf({ plan, layer }: TableModel, imageColumn: string): ColumnWeights {
  let start = 0;
  for (const { column, size } of plan.images) {
    if (column === imageColumn) return { size, perOutput: weightsFrom(layer, start, size) };
    start += size;
  }
  throw new RangeError(`The model does not use an image column ${imageColumn}.`);
}

function weightsFrom({ weights, bias }: LinearLayer, start: number, size: number): Float32Array[] {
  const outputs = bias.length;
  return Array.from({ length: outputs }, (_, output) =>
    new Float32Array(size).map((__, i) => weights[(start + i) * outputs + output] as number),
  );
}
