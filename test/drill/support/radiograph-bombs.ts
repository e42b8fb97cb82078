import type { Random } from '@pentaprism/domain';
import { constants, deflateRawSync, deflateSync } from 'node:zlib';
import { chunk as chunkOf, PNG_SIGNATURE } from '../../e2e/support/samples.js';
import { wholeWithin } from '../drill.js';

/** A PNG that would take much to look at, in time or in memory, and how it has to be answered. */
export interface RadiographBomb {
  readonly name: string;
  /** Only those that are sent are made: some have tens of megabytes. */
  readonly make: () => Buffer;
  readonly status: 201 | 400;
  /** Known to be wrong as soon as little was read or inflated. */
  readonly early?: boolean;
}

/** The most pixels that are taken: 8,192². */
const [SIDE, MAX_PIXELS] = [8192, 64 * 1024 ** 2];
/** A file must have no more than 64 MiB, and a chunk takes 12 bytes. */
const MILLIONS = 5_000_000;

export function radiographBombs(random: Random): RadiographBomb[] {
  const side = () => wholeWithin(random, SIDE + 1, 0x7fff_ffff);
  const zeros = (bytes: number) => [chunk('IDAT', deflateSync(Buffer.alloc(bytes)))];
  const small = deflateSync(Buffer.alloc(6 * 17));
  const gigabytes = () => [chunk('IDAT', inflatingTo(4 * 1024 ** 3))];
  const square = SIDE * (1 + 2 * SIDE);
  const refused = (name: string, make: () => Buffer): RadiographBomb => ({ name, make, status: 400 });
  const early = (name: string, make: () => Buffer): RadiographBomb => ({ ...refused(name, make), early: true });
  const legal = (name: string, make: () => Buffer): RadiographBomb => ({ name, make, status: 201 });
  return [
    early('of 3.6 gigapixels', () => png(60_000, 60_000, zeros(1000))),
    early('of 3.6 gigapixels, interlaced', () => png(60_000, 60_000, zeros(1000), { interlaced: true })),
    early('of 2,147,483,647²', () => png(0x7fff_ffff, 0x7fff_ffff, zeros(1000))),
    early('of random size', () => png(side(), side(), gigabytes())),
    early('of a row more than allowed', () => png(SIDE, SIDE + 1, zeros(1000))),
    early('of one row', () => png(wholeWithin(random, MAX_PIXELS + 1, 0x7fff_ffff), 1, zeros(1000))),
    early('of one column', () => png(1, wholeWithin(random, MAX_PIXELS + 1, 0x7fff_ffff), zeros(1000))),
    early('of 48 pixels that inflate to 4 GiB', () => png(8, 6, gigabytes())),
    early('of 48 pixels that inflate to 4 GiB, interlaced', () => png(8, 6, gigabytes(), { interlaced: true })),
    refused('of 64 Mi pixels that inflate to 4 GiB', () => png(SIDE, SIDE, gigabytes())),
    refused('of a million pixels of 64 Mi', () => png(SIDE, SIDE, zeros(2_000_000))),
    legal('of 64 Mi pixels', () => png(SIDE, SIDE, zeros(square))),
    legal('of 64 Mi pixels, interlaced', () => png(SIDE, SIDE, zeros(interlacedBytes(SIDE)), { interlaced: true })),
    legal('of 64 Mi pixels in one row', () => png(MAX_PIXELS, 1, zeros(1 + 2 * MAX_PIXELS))),
    legal('of 64 Mi pixels in one column', () => png(1, MAX_PIXELS, zeros(3 * MAX_PIXELS))),
    legal('of millions of empty chunks', () =>
      png(8, 6, [chunk('IDAT', small)], { more: times(MILLIONS, chunk('drIl')) }),
    ),
    legal('of millions of empty chunks of pixels', () =>
      png(8, 6, [...times(MILLIONS, chunk('IDAT')), chunk('IDAT', small)]),
    ),
    legal('of a million chunks of one byte', () =>
      png(SIDE, 64, eachByte(deflateSync(Buffer.alloc(64 * 16_385), { level: 0 }))),
    ),
    legal('with a comment of 4 GiB', () =>
      png(8, 6, [chunk('IDAT', small)], { more: [text(inflatingTo(4 * 1024 ** 3))] }),
    ),
  ];
}

interface Options {
  readonly interlaced?: boolean;
  /** Between the header and the pixels. */
  readonly more?: readonly Buffer[];
}

function png(
  width: number,
  height: number,
  pixels: readonly Buffer[],
  { interlaced = false, more = [] }: Options = {},
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // 16 bits in one gray channel.
  header.set([16, 0, 0, 0, interlaced ? 1 : 0], 8);
  return Buffer.concat([PNG_SIGNATURE, chunk('IHDR', header), ...more, ...pixels, chunk('IEND')]);
}

function chunk(type: string, data = Buffer.alloc(0)): Buffer {
  return chunkOf(type, data);
}

function times<T>(count: number, item: T): T[] {
  return Array<T>(count).fill(item);
}

function eachByte(data: Buffer): Buffer[] {
  const all = new Map(Array.from({ length: 256 }, (_, byte) => [byte, chunk('IDAT', Buffer.from([byte]))]));
  return [...data].map((byte) => all.get(byte) as Buffer);
}

function text(data: Buffer): Buffer {
  return chunk('zTXt', Buffer.concat([Buffer.from('Comment\0\0'), data]));
}

/** Bytes of the rows of a square whose side is a multiple of 8: https://www.w3.org/TR/png-3/#8Interlace. */
function interlacedBytes(side: number): number {
  const rows = side / 8 + side / 8 + side / 8 + side / 4 + side / 4 + side / 2 + side / 2;
  return rows + 2 * side ** 2;
}

const BLOCK_BYTES = 64 * 1024 ** 2;

/** A zlib stream of zeros, a thousandth of their number: one block of it, which refers to nothing before, over and over. */
function inflatingTo(bytes: number): Buffer<ArrayBuffer> {
  const block = deflateRawSync(Buffer.alloc(BLOCK_BYTES), { finishFlush: constants.Z_FULL_FLUSH });
  const [start, end] = [Buffer.from([0x78, 0x9c]), Buffer.from([3, 0, 0, 0, 0, 0])];
  const blocks = Math.ceil(bytes / BLOCK_BYTES);
  // Adler-32 of that many zeros.
  end.writeUInt32BE((((blocks * BLOCK_BYTES) % 65_521) * 65_536 + 1) >>> 0, 2);
  return Buffer.concat([start, ...times(blocks, block), end]);
}
