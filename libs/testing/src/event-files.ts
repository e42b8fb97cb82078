/** A value of an event: a tag with images, and the metadata that writers give with the first value of a tag. */
export interface LoggedValue {
  readonly tag: string;
  /** As TensorFlow 2 writes them: all images of a step in one tensor. */
  readonly images?: readonly Uint8Array[];
  /** As TensorFlow 1 and PyTorch write it: an image in a field of its own. */
  readonly image?: Uint8Array;
  readonly width?: number;
  readonly height?: number;
  readonly plugin?: string;
  readonly displayName?: string;
  readonly description?: string;
}

export interface EventFields {
  readonly wallTime?: number;
  readonly step?: bigint | number;
  readonly fileVersion?: string;
  /** Whether it says that the writer begins at this step. */
  readonly isStart?: boolean;
  readonly values?: readonly LoggedValue[];
}

/** Returns an event file, which holds an event for each argument. Written by hand, to test readers with. */
export function eventFile(...events: readonly EventFields[]): Buffer {
  return Buffer.concat(events.map((event) => eventRecord(encodedEvent(event))));
}

/** Returns a record as TFRecord frames it. */
export function eventRecord(data: Uint8Array): Buffer {
  return Buffer.concat([eventRecordHeader(BigInt(data.length)), data, maskedChecksum(data)]);
}

/** Returns the beginning of a record that claims a number of bytes, with the right checksum of that number. */
export function eventRecordHeader(claimed: bigint): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(claimed);
  return Buffer.concat([length, maskedChecksum(length)]);
}

function encodedEvent({ wallTime = 0, step = 0, fileVersion, isStart, values }: EventFields): Buffer {
  return Buffer.concat([
    double(1, wallTime),
    varint(2, BigInt(step)),
    fileVersion === undefined ? EMPTY : bytes(3, Buffer.from(fileVersion)),
    values === undefined ? EMPTY : bytes(5, Buffer.concat(values.map((value) => bytes(1, encodedValue(value))))),
    isStart ? bytes(7, varint(1, 1n)) : EMPTY,
  ]);
}

function encodedValue({ tag, images, image, width = 1, height = 1, plugin, ...texts }: LoggedValue): Buffer {
  const content = images && [Buffer.from(String(width)), Buffer.from(String(height)), ...images];
  return Buffer.concat([
    bytes(1, Buffer.from(tag)),
    image ? bytes(4, varint(1, BigInt(height)), varint(2, BigInt(width)), bytes(4, image)) : EMPTY,
    content ? bytes(8, ...tensorOf(content)) : EMPTY,
    plugin === undefined ? EMPTY : bytes(9, ...metadataOf(plugin, texts)),
  ]);
}

/** A tensor of strings of rank 1. */
function tensorOf(strings: readonly Uint8Array[]): Buffer[] {
  const shape = bytes(2, bytes(2, varint(1, BigInt(strings.length))));
  return [varint(1, 7n), shape, ...strings.map((string) => bytes(8, string))];
}

function metadataOf(plugin: string, { displayName = '', description = '' }: Partial<LoggedValue>): Buffer[] {
  return [
    bytes(1, bytes(1, Buffer.from(plugin))),
    bytes(2, Buffer.from(displayName)),
    bytes(3, Buffer.from(description)),
  ];
}

const EMPTY = Buffer.alloc(0);

function varint(field: number, value: bigint): Buffer {
  return Buffer.concat([key(field, 0), number(value)]);
}

function double(field: number, value: number): Buffer {
  const encoded = Buffer.alloc(8);
  encoded.writeDoubleLE(value);
  return Buffer.concat([key(field, 1), encoded]);
}

function bytes(field: number, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([key(field, 2), number(BigInt(length)), ...parts]);
}

function key(field: number, type: number): Buffer {
  return number(BigInt(field * 8 + type));
}

/** Negative numbers have 64 bits. */
function number(value: bigint): Buffer {
  const digits: number[] = [];
  for (let rest = BigInt.asUintN(64, value); digits.length === 0 || rest > 0n; rest >>= 7n) {
    digits.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
  }
  return Buffer.from(digits);
}

const [POLYNOMIAL, MASK_DELTA] = [0x82f63b78, 0xa282ead8] as const;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ POLYNOMIAL : byte >>> 1;
  return byte;
});

/** CRC-32C, rotated and shifted as TFRecord does. */
function maskedChecksum(data: Uint8Array): Buffer {
  let state = 0xffffffff;
  for (const byte of data) state = (state >>> 8) ^ (TABLE[(state ^ byte) & 255] ?? 0);
  const checksum = ~state >>> 0;
  const masked = Buffer.alloc(4);
  masked.writeUInt32LE((((checksum >>> 15) | (checksum << 17)) + MASK_DELTA) >>> 0);
  return masked;
}
