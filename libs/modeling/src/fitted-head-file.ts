import { BinaryReader, BinaryWriter } from '@pentaprism/heads';
import type { FittedHead } from './fit-head.js';

const MAGIC = 'PPFH';
const VERSION = 1;

/**
 * Returns the file of a head that was fitted, without loss. Little-endian: "PPFH", version, the numbers of outputs and parts and the
 * sizes of the parts (uint32 each); weights, bias and the scores of missing parts (float32); the prior (float64).
 */
export function encodeFittedHead({ layer, parts, absent, prior }: FittedHead): Uint8Array {
  const writer = new BinaryWriter(MAGIC, VERSION).uint32(layer.bias.length).uint32(parts.length);
  for (const size of parts) writer.uint32(size);
  return writer.float32s(layer.weights).float32s(layer.bias).float32s(absent).float64s(prior).bytes();
}

/** @throws Error for bytes that `encodeFittedHead` did not make */
export function decodeFittedHead(bytes: Uint8Array): FittedHead {
  const reader = new BinaryReader('fitted head', bytes, MAGIC, VERSION);
  const outputs = reader.uint32();
  // Not more than there are bytes for: the count is checked before anything is allocated for it.
  const parts = Array.from({ length: Math.min(reader.uint32(), bytes.length) }, () => reader.uint32());
  const width = parts.reduce((sum, size) => sum + size, 0);
  const layer = { weights: reader.float32s(width * outputs), bias: reader.float32s(outputs) };
  const head = { layer, parts, absent: reader.float32s(parts.length * outputs), prior: reader.float64s(outputs) };
  reader.end();
  return head;
}
