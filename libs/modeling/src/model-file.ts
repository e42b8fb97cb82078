import { TARGET_TYPES } from '@pentaprism/domain';
import { BinaryReader, BinaryWriter } from '@pentaprism/heads';
import { z } from 'zod';
import { partSizes } from './feature-plan.js';
import type { TableModel } from './model.js';
import { outputsOf } from './targets.js';

const MAGIC = 'PPTM';
const VERSION = 1;

const count = z.int().min(0);
const header = z.strictObject({
  blueprint: z.string(),
  targetType: z.enum(TARGET_TYPES),
  classes: z.array(z.string()),
  backbone: z.string(),
  plan: z.strictObject({
    images: z.array(z.strictObject({ kind: z.literal('image'), column: z.string(), size: count })),
    others: z.array(
      z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('number'), column: z.string(), mean: z.number(), deviation: z.number() }),
        z.strictObject({ kind: z.literal('category'), column: z.string(), values: z.array(z.string()) }),
      ]),
    ),
    imageWidth: count,
    width: count,
  }),
  scale: z.strictObject({ mean: z.number(), deviation: z.number() }).optional(),
});

/**
 * Returns the file of a model. Little-endian: "PPTM", version, bytes of the header (uint32 each); the header, JSON in UTF-8
 * with everything but the numbers of the layer; weights, bias and the scores of missing parts (float32).
 */
export function encodeModel({ layer, absent, scale, ...described }: TableModel): Uint8Array {
  // Absent for classes, so that earlier versions can read the file. They would read wrong numbers of a regression.
  const description = scale === null ? described : { ...described, scale };
  const json = new TextEncoder().encode(JSON.stringify(header.parse(description)));
  return new BinaryWriter(MAGIC, VERSION)
    .uint32(json.length)
    .uint8s(json)
    .float32s(layer.weights)
    .float32s(layer.bias)
    .float32s(absent)
    .bytes();
}

/** @throws Error for bytes that `encodeModel` did not make */
export function decodeModel(bytes: Uint8Array): TableModel {
  const reader = new BinaryReader('model of a table', bytes, MAGIC, VERSION);
  const description = parsed(reader, new TextDecoder().decode(reader.uint8s(reader.uint32())));
  const { plan, targetType, classes, scale } = description;
  const outputs = outputsOf({ type: targetType, classes });
  const sizes = partSizes(plan);
  const width = sizes.reduce((sum, size) => sum + size, 0);
  if (width !== plan.width || outputs === 0) throw reader.broken('its sizes contradict each other');
  const layer = { weights: reader.float32s(width * outputs), bias: reader.float32s(outputs) };
  const model = { ...description, scale: scale ?? null, layer, absent: reader.float32s(sizes.length * outputs) };
  reader.end();
  return model;
}

function parsed(reader: BinaryReader, json: string): z.infer<typeof header> {
  try {
    return header.parse(JSON.parse(json));
  } catch {
    throw reader.broken('its header is not that of a model');
  }
}
