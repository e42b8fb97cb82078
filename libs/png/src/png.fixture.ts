/** PNG files for this library's tests, put together from parts with zlib alone. */
import { crc32, deflateSync } from 'node:zlib';
import { DomainError } from '@pentaprism/domain';
import { checkGrayscalePng } from './check-grayscale-png.js';

export const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

/** @param checksum the right one by default */
export function chunk(type: string | Buffer, data: Uint8Array = Buffer.alloc(0), checksum?: number): Buffer {
  const body = Buffer.concat([typeof type === 'string' ? Buffer.from(type, 'latin1') : type, data]);
  const frame = Buffer.alloc(4 + body.length + 4);
  frame.writeUInt32BE(data.length, 0);
  body.copy(frame, 4);
  frame.writeUInt32BE(checksum ?? crc32(body), 4 + body.length);
  return frame;
}

export interface HeaderFields {
  readonly width?: number;
  readonly height?: number;
  readonly depth?: number;
  readonly colorType?: number;
  readonly compression?: number;
  readonly filter?: number;
  readonly interlace?: number;
}

/** The 13 bytes of `IHDR`; 5 × 4 pixels unless told. */
export function headerData(fields: HeaderFields = {}): Buffer {
  const { width = 5, height = 4, depth = 16, colorType = 0, compression = 0, filter = 0, interlace = 0 } = fields;
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data.set([depth, colorType, compression, filter, interlace], 8);
  return data;
}

/** Pass of each pixel of an 8 × 8 tile, as the figure in the specification draws it. */
const ADAM7_TILE = ['16462646', '77777777', '56565656', '77777777', '36463646', '77777777', '56565656', '77777777'];

/** Columns and rows of each pass that has pixels, found pixel by pixel. */
export function adam7Passes(width: number, height: number): { columns: number; rows: number }[] {
  const passes = Array.from({ length: 7 }, () => ({ columns: new Set<number>(), rows: new Set<number>() }));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pass = passes[Number(ADAM7_TILE[y % 8]?.[x % 8]) - 1];
      pass?.columns.add(x);
      pass?.rows.add(y);
    }
  }
  return passes
    .map(({ columns, rows }) => ({ columns: columns.size, rows: rows.size }))
    .filter(({ columns }) => columns > 0);
}

// Once: a test runner's globals are slow.
const { imul } = Math;

/** Inflated image data: pixels of noise, and each of the five filter types in turn. The same on every run. */
export function scanlines({ width = 5, height = 4, interlace = 0 }: HeaderFields = {}): Buffer {
  const passes = interlace === 1 ? adam7Passes(width, height) : [{ columns: width, rows: height }];
  const rows = passes.flatMap(({ columns, rows: count }) => Array<number>(count).fill(columns));
  let state = 1;
  return Buffer.concat(
    rows.map((columns, index) => {
      const row = Buffer.alloc(1 + 2 * columns);
      for (let at = 1; at < row.length; at++) {
        state = (imul(state, 1664525) + 1013904223) >>> 0;
        row[at] = state >>> 24;
      }
      row[0] = index % 5;
      return row;
    }),
  );
}

/** `IDAT` chunks of this many bytes of data each. */
export function imageChunks(data: Uint8Array, size = Infinity): Buffer[] {
  if (data.length <= size) return [chunk('IDAT', data)];
  return [chunk('IDAT', data.subarray(0, size)), ...imageChunks(data.subarray(size), size)];
}

export interface Parts {
  readonly signature?: Buffer;
  readonly header?: Buffer;
  readonly beforeImage?: readonly Buffer[];
  readonly image?: readonly Buffer[];
  readonly behindImage?: readonly Buffer[];
  readonly end?: Buffer;
}

/** A file that is right in everything, but for the parts and fields that are given. */
export function png(fields: HeaderFields = {}, parts: Parts = {}): Buffer {
  return Buffer.concat([
    parts.signature ?? SIGNATURE,
    parts.header ?? chunk('IHDR', headerData(fields)),
    ...(parts.beforeImage ?? []),
    ...(parts.image ?? imageChunks(deflateSync(scanlines(fields)))),
    ...(parts.behindImage ?? []),
    parts.end ?? chunk('IEND'),
  ]);
}

/** A zlib stream of this many zeros, a few thousandths of their size; a multiple of 16 MiB. */
export function zeros(bytes: number): Buffer {
  const piece = 16 * 1024 * 1024;
  // Up to a full flush, compressed data can be repeated: it ends at a byte and refers to nothing before it.
  const flushed = deflateSync(Buffer.alloc(piece), { finishFlush: 3 });
  const repeated = Array<Buffer>(bytes / piece).fill(flushed.subarray(2));
  return Buffer.concat([flushed.subarray(0, 2), ...repeated]);
}

/** The bytes in pieces of these sizes, the last of which is repeated. */
export async function* inPieces(bytes: Uint8Array, ...sizes: number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = sizes[Math.min(index, sizes.length - 1)] ?? bytes.length;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** "accepted", or the code and the reason of the refusal. Any other error is thrown. */
export async function verdictOf(source: Uint8Array | AsyncIterable<Uint8Array>, maxPixels = 1000): Promise<string> {
  const pieces = source instanceof Uint8Array ? inPieces(source) : source;
  try {
    for await (const _ of checkGrayscalePng(pieces, { maxPixels }));
    return 'accepted';
  } catch (error) {
    if (!DomainError.is(error)) throw error;
    return `${error.code} ${String(error.details['reason'])}`;
  }
}
