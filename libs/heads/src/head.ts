import { BinaryReader, BinaryWriter } from './binary.js';

/** multiclass: exactly one tag is right. multilabel: any number of tags is, also none. */
export const HEAD_KINDS = ['multiclass', 'multilabel'] as const;
export type HeadKind = (typeof HEAD_KINDS)[number];

/** A linear function of rows of features, with one output or several. */
export interface LinearLayer {
  /** features × outputs, row by row: the weights of one feature lie together. */
  readonly weights: Float32Array;
  /** One per output. */
  readonly bias: Float32Array;
}

/**
 * A linear classifier over embeddings: what is trained here, and all that a model of a project adds to its backbone. It has
 * one output per tag.
 */
export interface Head extends LinearLayer {
  readonly kind: HeadKind;
}

export function embeddingSizeOf({ weights, bias }: LinearLayer): number {
  return weights.length / bias.length;
}

/**
 * One probability per tag: by softmax, together 1, for multiclass; by sigmoid, each for itself, for multilabel.
 *
 * @param embedding of Euclidean length 1, from the backbone that the head was trained on
 * @throws RangeError for an embedding of another length than the head's
 */
export function predict(head: Head, embedding: Float32Array): Float32Array {
  return probabilitiesOf(head.kind, scoresOf(head, embedding));
}

/** Returns probabilities for scores, as `predict` does. */
export function probabilitiesOf(kind: HeadKind, scores: Float64Array): Float32Array {
  return kind === 'multiclass' ? softmax(scores) : Float32Array.from(scores, sigmoid);
}

/**
 * Returns the outputs of a layer, before softmax or sigmoid. In double precision: 1280 × 10 take less than 0.1 ms, as
 * little as one call of a tensor library.
 *
 * @throws RangeError for another number of features than the layer's
 */
export function scoresOf({ weights, bias }: LinearLayer, features: Float32Array): Float64Array {
  const outputs = bias.length;
  if (features.length * outputs !== weights.length) {
    throw new RangeError(`The head takes ${weights.length / outputs} numbers, not ${features.length}.`);
  }
  const scores = Float64Array.from(bias);
  for (let feature = 0, at = 0; feature < features.length; feature++) {
    const value = features[feature] as number;
    for (let i = 0; i < outputs; i++, at++) scores[i] = (scores[i] as number) + value * (weights[at] as number);
  }
  return scores;
}

/** Relative to the highest, whose exponential is 1: none can overflow. */
function softmax(scores: Float64Array): Float32Array {
  const highest = scores.reduce((one, other) => Math.max(one, other), -Infinity);
  const powers = scores.map((score) => Math.exp(score - highest));
  const sum = powers.reduce((one, other) => one + other, 0);
  return Float32Array.from(powers, (power) => power / sum);
}

/** The exponential of a negative number only, which cannot overflow. */
function sigmoid(score: number): number {
  const power = Math.exp(-Math.abs(score));
  return score >= 0 ? 1 / (1 + power) : power / (1 + power);
}

const MAGIC = 'PPHD';
const VERSION = 1;

/** Little-endian: "PPHD", version, kind, embedding size, tags (uint32 each), weights, bias (float32). */
export function encodeHead(head: Head): Uint8Array {
  const { kind, weights, bias } = head;
  return new BinaryWriter(MAGIC, VERSION)
    .uint32(HEAD_KINDS.indexOf(kind))
    .uint32(embeddingSizeOf(head))
    .uint32(bias.length)
    .float32s(weights)
    .float32s(bias)
    .bytes();
}

/** @throws Error for bytes that `encodeHead` did not make */
export function decodeHead(bytes: Uint8Array): Head {
  const reader = new BinaryReader('head', bytes, MAGIC, VERSION);
  const kind = HEAD_KINDS[reader.uint32()];
  const [embeddingSize, tags] = [reader.uint32(), reader.uint32()];
  if (kind === undefined || embeddingSize === 0 || tags === 0) throw reader.broken('its kind or sizes cannot be');
  const head = { kind, weights: reader.float32s(embeddingSize * tags), bias: reader.float32s(tags) };
  reader.end();
  return head;
}
