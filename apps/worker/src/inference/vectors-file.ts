import { BinaryReader, BinaryWriter } from '@pentaprism/heads';

const MAGIC = 'PPVS';
const VERSION = 1;

/**
 * Returns a file of groups of vectors of one size. Little-endian: "PPVS", version, the size and the number of groups, how many vectors
 * each group has (uint32 each); then the vectors (float32).
 */
export function encodeVectors(groups: readonly (readonly Float32Array[])[]): Uint8Array {
  const vectors = groups.flat();
  const writer = new BinaryWriter(MAGIC, VERSION).uint32(vectors[0]?.length ?? 0).uint32(groups.length);
  for (const group of groups) writer.uint32(group.length);
  for (const vector of vectors) writer.float32s(vector);
  return writer.bytes();
}

/** @throws Error for bytes that `encodeVectors` did not make */
export function decodeVectors(bytes: Uint8Array): Float32Array[][] {
  const reader = new BinaryReader('file of vectors', bytes, MAGIC, VERSION);
  const [size, groups] = [reader.uint32(), reader.uint32()];
  const lengths: number[] = [];
  while (lengths.length < groups) lengths.push(reader.uint32());
  const vectors = lengths.map((length) => {
    const group: Float32Array[] = [];
    while (group.length < length) group.push(reader.float32s(size));
    return group;
  });
  reader.end();
  return vectors;
}
