/** Writes event files as TensorBoard's own writers do, field by field, without the library that reads them here. */

/** The table of CRC-32C, bits reversed. */
const TABLE = Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0x82f63b78 : 0);
  return value >>> 0;
});

/** A record of a file. */
export function record(data: Buffer): Buffer {
  return Buffer.concat([recordHeader(BigInt(data.length)), data, checksum(data)]);
}

/** The beginning of a record of this many bytes, with the checksum of that number. */
export function recordHeader(bytes: bigint): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(bytes);
  return Buffer.concat([length, checksum(length)]);
}

/** The first record of a file. */
export function fileVersion(wallTime: number): Buffer {
  return record(Buffer.concat([double(1, wallTime), bytes(3, 'brain.Event:2')]));
}

/** The event with which a writer goes on at a step, such as that of PyTorch with `purge_step`. */
export function restart(step: bigint): Buffer {
  return record(Buffer.concat([double(1, 0), varint(2, step), bytes(7, varint(1, 1n))]));
}

/** Images of one step as TensorFlow 2 writes them. The first value of a tag in a file has the metadata. */
export function imageEvent(
  tag: string,
  step: bigint,
  wallTime: number,
  images: readonly Buffer[],
  metadata?: { readonly displayName?: string; readonly description?: string },
): Buffer {
  const strings = ['16', '8', ...images];
  const shape = bytes(2, bytes(2, varint(1, BigInt(strings.length))));
  const tensor = Buffer.concat([varint(1, 7n), shape, ...strings.map((each) => bytes(8, each))]);
  const parts = [bytes(1, tag), bytes(8, tensor)];
  if (metadata) {
    const { displayName = '', description = '' } = metadata;
    parts.push(bytes(9, Buffer.concat([bytes(1, bytes(1, 'images')), bytes(2, displayName), bytes(3, description)])));
  }
  const summary = bytes(5, bytes(1, Buffer.concat(parts)));
  return record(Buffer.concat([double(1, wallTime), varint(2, step), summary]));
}

function checksum(data: Buffer): Buffer {
  let crc = 0xffffffff;
  for (const byte of data) crc = (TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  crc = (crc ^ 0xffffffff) >>> 0;
  const masked = Buffer.alloc(4);
  masked.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
  return masked;
}

function bytes(field: number, content: string | Buffer): Buffer {
  const data = Buffer.from(content as string);
  return Buffer.concat([number(BigInt((field << 3) | 2)), number(BigInt(data.length)), data]);
}

function double(field: number, value: number): Buffer {
  const data = Buffer.alloc(8);
  data.writeDoubleLE(value);
  return Buffer.concat([number(BigInt((field << 3) | 1)), data]);
}

function varint(field: number, value: bigint): Buffer {
  return Buffer.concat([number(BigInt(field << 3)), number(value)]);
}

/** A number in groups of 7 bits; a negative one as if it had 64 bits without a sign. */
function number(value: bigint): Buffer {
  const groups: number[] = [];
  let left = BigInt.asUintN(64, value);
  for (; left > 127n; left >>= 7n) groups.push(Number(left & 127n) | 128);
  return Buffer.from([...groups, Number(left)]);
}
