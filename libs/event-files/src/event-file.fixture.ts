import { crc32c } from '@node-rs/crc32';
import { encodeEvent } from './event-protobuf.js';
import { maskedChecksum, RecordReader, type RecordItem } from './record-reader.js';

/** A record as TFRecord writes it. */
export function record(data: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, checksum(length), data, checksum(data)]);
}

/** The beginning of a record that claims a length, under a right checksum. */
export function claim(bytes: bigint): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(bytes);
  return Buffer.concat([length, checksum(length)]);
}

function checksum(data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(maskedChecksum(crc32c(data)));
  return bytes;
}

/** A file of events, given by the fields of each. */
export function eventFile(...events: Record<string, unknown>[]): Buffer {
  return Buffer.concat(events.map((event) => record(encodeEvent(event))));
}

/** Metadata of a tag of images, as TensorFlow 2's `tf.summary.image` writes it with the first value of a tag. */
export function imageMetadata(more: Record<string, unknown> = {}): Record<string, unknown> {
  return { pluginData: { pluginName: 'images', content: Buffer.alloc(0) }, ...more };
}

/** A string tensor of rank 1. */
export function strings(...values: (string | Uint8Array)[]): Record<string, unknown> {
  return {
    dtype: 7,
    tensorShape: { dim: [{ size: values.length }] },
    stringVal: values.map((value) => Buffer.from(value as string)),
  };
}

/** Returns what a reader finds in a file that arrives in these pieces. */
export function recordsIn(pieces: readonly Uint8Array[], reader = new RecordReader()): RecordItem[] {
  return pieces.flatMap((piece) => [...reader.push(piece)]);
}

/** Cuts bytes into pieces of the given sizes, which repeat. */
export function inPieces(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let [at, turn] = [0, 0]; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
