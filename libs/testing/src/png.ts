import { crc32, deflateSync } from 'node:zlib';

export const PNG_SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

/** One chunk, with its length and its checksum. */
export function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

export interface PngOptions {
  readonly width?: number;
  readonly height?: number;
  readonly bitDepth?: number;
  readonly colorType?: number;
  /** Of the pixel at x, y; from 0 to 65,535. */
  readonly value?: (x: number, y: number) => number;
  /** Chunks between header and pixels. */
  readonly extra?: readonly Buffer[];
}

/** A PNG of 16 bits in one gray channel, not interlaced; with another depth or colour type its rows are as long as that has them. */
export function grayPng(options: PngOptions = {}): Buffer {
  const { width = 8, height = 6, bitDepth = 16, colorType = 0, value = (x, y) => (x * 500 + y * 37) % 4096 } = options;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bitDepth, colorType, 0, 0, 0], 8);
  return Buffer.concat([
    PNG_SIGNATURE,
    pngChunk('IHDR', header),
    ...(options.extra ?? []),
    pngChunk('IDAT', deflateSync(rowsOf(width, height, bitDepth, colorType, value))),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

function rowsOf(
  width: number,
  height: number,
  bitDepth: number,
  colorType: number,
  value: (x: number, y: number) => number,
): Buffer {
  const rowBytes = Math.ceil((width * bitDepth * (CHANNELS[colorType] ?? 1)) / 8);
  const rows = Buffer.alloc(height * (1 + rowBytes));
  if (bitDepth !== 16 || colorType !== 0) return rows;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) rows.writeUInt16BE(value(x, y), y * (1 + rowBytes) + 1 + 2 * x);
  return rows;
}
