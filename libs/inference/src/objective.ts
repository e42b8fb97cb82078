import { rowsOf, type Targets } from './head-trainer.js';
import { crossEntropy, gradientWeights, lossWeights, startBias } from './head-loss.js';
import { quantileBins, type Labels } from './stratified-folds.js';

/** What a training minimises, for some of the rows. */
export interface Objective {
  /** The bias of which the loss is smallest as long as all weights are 0. */
  readonly startBias: Float32Array;
  /** rows × outputs: what multiplies prediction minus label in the gradient. */
  readonly gradientWeights: Float32Array;
  /** Returns the loss per row. */
  readonly loss: (scores: Float32Array) => number;
}

/** Ranges of numbers that are spread evenly over parts. */
const MAX_BINS = 10;
/** Numbers in such a range, at least. */
const MIN_BIN_SIZE = 5;

/**
 * Returns the objective for the rows with these indices. Classes count as they do among all rows, or a rare one would not
 * matter in a small part.
 */
export function objectiveOf(targets: Targets, indices: Uint32Array, classWeights?: Float32Array): Objective {
  const { tags } = targets;
  if (targets.kind === 'regression') return squaredError(rowsOf(targets.labels, tags, indices));
  const { kind, labels } = targets;
  const own = { labels: rowsOf(labels, tags, indices), tags };
  const weights = rowsOf(lossWeights(kind, { labels, tags }, classWeights), tags, indices);
  return {
    startBias: startBias(kind, own, weights),
    gradientWeights: gradientWeights(kind, own, weights),
    loss: (scores) => crossEntropy(kind, scores, own, weights),
  };
}

/** Returns classes by which rows can be spread evenly over parts: for a regression ranges of its numbers. */
export function strataOf(targets: Targets): Labels {
  if (targets.kind !== 'regression') return targets;
  const count = targets.labels.length;
  const tags = binCount(count);
  const labels = new Uint8Array(count * tags);

  quantileBins(targets.labels, tags).forEach((bin, row) => (labels[row * tags + bin] = 1));
  return { labels, tags };
}

/** Returns into how many ranges so many numbers are divided. */
export function binCount(numbers: number): number {
  return Math.min(MAX_BINS, Math.max(1, Math.floor(numbers / MIN_BIN_SIZE)));
}

function squaredError(numbers: Float32Array): Objective {
  const count = numbers.length;
  return {
    startBias: Float32Array.of(numbers.reduce((sum, number) => sum + number, 0) / count),
    gradientWeights: new Float32Array(count).fill(1),
    loss: (scores) => scores.reduce((sum, score, i) => sum + (score - (numbers[i] as number)) ** 2, 0) / (2 * count),
  };
}
