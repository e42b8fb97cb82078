import { crc32, deflateSync } from 'node:zlib';

export interface GrayscalePng {
  readonly width?: number;
  readonly height?: number;
  readonly bitDepth?: 8 | 16;
  /** Of the pixels, so that images differ. */
  readonly seed?: number;
}

/** A whole PNG of one channel; small enough to write it without a library. */
export function makeGrayscalePng({ width = 16, height = 9, bitDepth = 16, seed = 1 }: GrayscalePng = {}): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.writeUInt8(bitDepth, 8);
  const row = 1 + (width * bitDepth) / 8;
  // Filter type 0 at the beginning of each row.
  const pixels = Buffer.from(Array.from({ length: row * height }, (_, n) => (n % row === 0 ? 0 : (n * seed) % 251)));
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(body) >>> 0);
  return Buffer.concat([length, body, checksum]);
}
