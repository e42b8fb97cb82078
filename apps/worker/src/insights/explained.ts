import type { TargetType } from '@pentaprism/domain';
import type { ColumnWeights } from '@pentaprism/modeling';
import type { Explained } from './activation-maps.js';

/**
 * Returns what a map shows: what speaks for a class, or of a regression what the number rests on. With two classes, what speaks for
 * one and not for the other, because both have weights.
 *
 * @param predicted the index of the class; ignored for a regression
 * @throws RangeError for a class that the model does not have
 */
export function explained({ perOutput }: ColumnWeights, type: TargetType, predicted: number): Explained {
  if (type === 'regression') return { weights: required(perOutput[0]), part: 'size' };
  const weights = required(perOutput[predicted]);
  if (type !== 'binary') return { weights, part: 'positive' };
  const other = required(perOutput[1 - predicted]);
  return { weights: weights.map((weight, i) => weight - (other[i] ?? 0)), part: 'positive' };
}

function required(weights: Float32Array | undefined): Float32Array {
  if (!weights) throw new RangeError('The model has no such class.');
  return weights;
}
