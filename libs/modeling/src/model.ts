import type { TargetType } from '@pentaprism/domain';
import type { Head } from '@pentaprism/heads';
import type { FeaturePlan } from './feature-plan.js';

/** A trained candidate: all that a prediction needs, except the backbone. */
export interface TableModel {
  /** The id of the blueprint. */
  readonly blueprint: string;
  readonly targetType: TargetType;
  readonly classes: readonly string[];
  /** The id of the backbone that made the embeddings. */
  readonly backbone: string;
  /** What the head reads. Without other columns if the blueprint does not use them. */
  readonly plan: FeaturePlan;
  /** Weights and bias for features as `encodeRow` writes them. */
  readonly head: Head;
  /** Parts × outputs: the scores that are added if the part is missing, so that it counts as an average one. */
  readonly absent: Float32Array;
}

/** The part of the head that reads one image column. */
export interface ColumnWeights {
  readonly size: number;
  /** For each output the weights of the normalised embedding. */
  readonly perOutput: readonly Float32Array[];
}

/**
 * Predicts a row: class probabilities that add up to 1; independent probabilities for a multilabel target; one number for a
 * regression.
 *
 * @param features of the model's plan, or of the whole plan that it was trained with
 */
export function predictRow(_model: TableModel, _features: Float32Array): Float32Array {
  throw new Error('to follow');
}

/** @throws RangeError for a column that the model does not use */
export function weightsOf(_model: TableModel, _imageColumn: string): ColumnWeights {
  throw new Error('to follow');
}
