import { BinaryReader, BinaryWriter } from '@pentaprism/heads';
import type { FittedHead } from './fit-head.js';

const MAGIC = 'PPFH';
const VERSION = 1;

/**
 * Returns the file of a head that was fitted, without loss. Little-endian: "PPFH", version, the numbers of outputs, of parts and of
 * scales (0 or 1), and the sizes of the parts (uint32 each); weights, bias and the scores of missing parts (float32); the prior, and
 * mean and deviation of the scale (float64).
 */
export function encodeFittedHead({ layer, parts, absent, prior, scale }: FittedHead): Uint8Array {
  const scales = scale === null ? [] : [scale];
  const numbers = Float64Array.from(scales.flatMap(({ mean, deviation }) => [mean, deviation]));
  const writer = new BinaryWriter(MAGIC, VERSION);
  writer.uint32(layer.bias.length).uint32(parts.length).uint32(scales.length);
  for (const size of parts) writer.uint32(size);
  return writer.float32s(layer.weights).float32s(layer.bias).float32s(absent).float64s(prior).float64s(numbers).bytes();
}

/** @throws Error for bytes that `encodeFittedHead` did not make */
export function decodeFittedHead(bytes: Uint8Array): FittedHead {
  const reader = new BinaryReader('fitted head', bytes, MAGIC, VERSION);
  const [outputs, count, scales] = [reader.uint32(), reader.uint32(), reader.uint32()];
  // Not more than there are bytes for: the count is checked before anything is allocated for it.
  const parts = Array.from({ length: Math.min(count, bytes.length) }, () => reader.uint32());
  const width = parts.reduce((sum, size) => sum + size, 0);
  const layer = { weights: reader.float32s(width * outputs), bias: reader.float32s(outputs) };
  const head = { layer, parts, absent: reader.float32s(parts.length * outputs), prior: reader.float64s(outputs) };
  const [mean = 0, deviation = 1] = scales === 0 ? [] : reader.float64s(2);
  reader.end();
  return { ...head, scale: scales === 0 ? null : { mean, deviation } };
}
