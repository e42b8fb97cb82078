import type { HeadKind } from '@pentaprism/heads';
import { positives, type Labels } from './stratified-folds.js';

/** A tag of few images counts up to this many times as much as one of the average, and one of many down to its inverse. */
const MAX_CLASS_WEIGHT = 10;

/**
 * How much each label counts in the loss, examples × tags.
 *
 * multiclass: an example counts by its tag, examples / (tags × examples of the tag), so that all tags together count alike.
 * multilabel: per tag, what has it and what has not count alike together.
 *
 * @param given one weight per tag, instead of the calculated ones
 */
export function lossWeights(kind: HeadKind, { labels, tags }: Labels, given?: Float32Array): Float32Array {
  const examples = labels.length / tags;
  const counts = positives({ labels, tags });
  const withTag = Float32Array.from(counts, (count, tag) => {
    if (given !== undefined) return given[tag] as number;
    return bounded(examples / ((kind === 'multiclass' ? tags : 2) * count));
  });
  const withoutTag = Float32Array.from(counts, (count) =>
    kind === 'multiclass' || given !== undefined ? 1 : bounded(examples / (2 * (examples - count))),
  );
  // Not `from` with a function: it makes a list of all labels first, on the heap: 400 MB for 100,000 examples of 500 tags.
  return new Float32Array(labels.length).map((_, i) => (labels[i] === 1 ? withTag : withoutTag)[i % tags] as number);
}

const bounded = (weight: number): number => Math.min(MAX_CLASS_WEIGHT, Math.max(1 / MAX_CLASS_WEIGHT, weight));

/**
 * The weighted cross entropy per example, from scores before softmax or sigmoid: no logarithm of zero can occur.
 *
 * @param scores examples × tags; labels and weights likewise
 */
export function crossEntropy(
  kind: HeadKind,
  scores: ArrayLike<number>,
  { labels, tags }: Labels,
  weights: Float32Array,
): number {
  const examples = labels.length / tags;
  let sum = 0;
  for (let example = 0; example < examples; example++) {
    const start = example * tags;
    sum += kind === 'multiclass' ? softmaxLoss(scores, labels, weights, start, tags) : 0;
    for (let i = start; kind === 'multilabel' && i < start + tags; i++) {
      const score = scores[i] as number;
      const loss = Math.max(score, 0) - (labels[i] === 1 ? score : 0) + Math.log1p(Math.exp(-Math.abs(score)));
      sum += loss * (weights[i] as number);
    }
  }
  return sum / examples;
}

function softmaxLoss(
  scores: ArrayLike<number>,
  labels: Uint8Array,
  weights: Float32Array,
  start: number,
  tags: number,
): number {
  let highest = -Infinity;
  for (let i = start; i < start + tags; i++) highest = Math.max(highest, scores[i] as number);
  let powers = 0;
  for (let i = start; i < start + tags; i++) powers += Math.exp((scores[i] as number) - highest);
  const right = labels.indexOf(1, start);
  return (highest + Math.log(powers) - (scores[right] as number)) * (weights[right] as number);
}

/**
 * What multiplies softmax or sigmoid minus label in the gradient. For softmax the weight of the right tag holds for the
 * whole row, since the probabilities depend on each other.
 */
export function gradientWeights(kind: HeadKind, { labels, tags }: Labels, weights: Float32Array): Float32Array {
  if (kind === 'multilabel') return weights;
  const result = new Float32Array(weights.length);
  for (let start = 0; start < labels.length; start += tags) {
    result.fill(weights[labels.indexOf(1, start)] as number, start, start + tags);
  }
  return result;
}

/**
 * The scores that fit best as long as nothing is known of an example: from how often each tag occurs, as weighted. The bias
 * would need hundreds of steps to get there.
 */
export function startBias(kind: HeadKind, { labels, tags }: Labels, weights: Float32Array): Float32Array {
  // Half an example each: a tag that no or every example has would get an infinite score.
  const withTag = new Float64Array(tags).fill(0.5);
  const withoutTag = new Float64Array(tags).fill(0.5);
  weights.forEach((weight, i) => {
    const sums = labels[i] === 1 ? withTag : withoutTag;
    sums[i % tags] = (sums[i % tags] as number) + weight;
  });
  if (kind === 'multiclass') {
    const all = withTag.reduce((sum, value) => sum + value, 0);
    return Float32Array.from(withTag, (sum) => Math.log(sum / all));
  }
  return Float32Array.from(withTag, (sum, tag) => Math.log(sum / (withoutTag[tag] as number)));
}
