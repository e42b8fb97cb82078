import { BinaryReader, BinaryWriter } from './binary.js';
import { HEAD_KINDS, type HeadKind } from './head.js';

/**
 * What heads said of examples that they had not been trained on, and what would have been right: enough to calculate the
 * performance at any threshold, also years later, when images have other tags.
 */
export interface Evaluation {
  readonly kind: HeadKind;
  readonly tags: number;
  /** Examples × tags, row by row. */
  readonly probabilities: Float32Array;
  /** Examples × tags, 0 or 1. */
  readonly labels: Uint8Array;
  /** The fold of each example, from 0. */
  readonly folds: Uint8Array;
}

const MAGIC = 'PPEV';
const VERSION = 1;

/** Little-endian: "PPEV", version, kind, examples, tags (uint32 each), probabilities (float32), labels, folds (uint8). */
export function encodeEvaluation({ kind, tags, probabilities, labels, folds }: Evaluation): Uint8Array {
  return new BinaryWriter(MAGIC, VERSION)
    .uint32(HEAD_KINDS.indexOf(kind))
    .uint32(folds.length)
    .uint32(tags)
    .float32s(probabilities)
    .uint8s(labels)
    .uint8s(folds)
    .bytes();
}

/** @throws Error for bytes that `encodeEvaluation` did not make */
export function decodeEvaluation(bytes: Uint8Array): Evaluation {
  const reader = new BinaryReader('evaluation', bytes, MAGIC, VERSION);
  const kind = HEAD_KINDS[reader.uint32()];
  const [examples, tags] = [reader.uint32(), reader.uint32()];
  if (kind === undefined || examples === 0 || tags === 0) throw reader.broken('its kind or sizes cannot be');
  const probabilities = reader.float32s(examples * tags);
  const labels = reader.uint8s(examples * tags);
  if (labels.some((label) => label > 1)) throw reader.broken('a label is neither 0 nor 1');
  const evaluation = { kind, tags, probabilities, labels, folds: reader.uint8s(examples) };
  reader.end();
  return evaluation;
}
