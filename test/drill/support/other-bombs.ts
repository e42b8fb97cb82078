import { wholeWithin } from '../drill.js';
import type { Random } from '@pentaprism/domain';
import sharp from 'sharp';
import { deflateSync } from 'node:zlib';
import type { Bomb } from './bomb.js';

export function gifBombs(random: Random): Bomb[] {
  const bomb = (name: string, width: number, height: number, frames: number, harmless = false): Bomb => ({
    name: `GIF ${name}`,
    bytes: gif(width, height, frames),
    harmless,
  });
  return [
    bomb('of 65,535²', 65_535, 65_535, 1),
    // Its first frame only is decoded.
    bomb('of 60 frames', 1000, 1000, 60, true),
    bomb('of 20,001 frames', 1000, 1000, 20_001),
    bomb('of random size', wholeWithin(random, 7_500, 65_535), wholeWithin(random, 7_500, 65_535), 3),
    bomb('of one row', wholeWithin(random, 30_001, 65_535), 1, 2),
  ];
}

export function webpBombs(random: Random): Bomb[] {
  const side = () => wholeWithin(random, 7_500, 16_384);
  return [
    { name: 'WebP of 16,384², lossless', bytes: riff([vp8l(16_384, 16_384)]) },
    { name: 'WebP of 16,383²', bytes: riff([vp8(16_383, 16_383)]) },
    { name: 'WebP of random size', bytes: riff([vp8l(side(), side())]) },
    { name: 'WebP with a canvas of 17,000²', bytes: riff([canvas(17_000, 17_000, 0), vp8l(17_000, 16_384)]) },
    { name: 'WebP with a canvas of 65,535²', bytes: riff([canvas(65_535, 65_535, 0), vp8l(1, 1)]) },
    { name: 'WebP of 100 frames', bytes: animated(side(), side(), 100) },
  ];
}

export async function avifBombs(random: Random): Promise<Bomb[]> {
  const small = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
    .avif()
    .toBuffer();
  const bomb = (name: string, width: number, height: number): Bomb => {
    const bytes = Buffer.from(small);
    const at = bytes.indexOf('ispe') + 8;
    bytes.writeUInt32BE(width, at);
    bytes.writeUInt32BE(height, at + 4);
    return { name: `AVIF ${name}`, bytes };
  };
  return [
    bomb('of 17,000²', 17_000, 17_000),
    bomb('of 65,536²', 65_536, 65_536),
    bomb('of 2,147,483,647²', 0x7fff_ffff, 0x7fff_ffff),
    bomb('of random size', wholeWithin(random, 7_500, 30_000), wholeWithin(random, 7_500, 30_000)),
    bomb('of one row', wholeWithin(random, 30_001, 60_000), 1),
  ];
}

export function tiffBombs(random: Random): Bomb[] {
  const side = () => wholeWithin(random, 7_500, 60_000);
  const zeros = deflateSync(Buffer.alloc(100_000_000));
  return [
    { name: 'TIFF of 65,536²', bytes: tiff({ width: 65_536, height: 65_536 }) },
    { name: 'TIFF of 2,147,483,647²', bytes: tiff({ width: 0x7fff_ffff, height: 0x7fff_ffff }) },
    { name: 'TIFF of random size', bytes: tiff({ width: side(), height: side(), data: zeros, compression: 8 }) },
    { name: 'TIFF of 65,535 channels', bytes: tiff({ width: 20, height: 20, channels: 65_535 }) },
    { name: 'TIFF of a tile of 268,435,456²', bytes: tiff({ width: 100, height: 100, tile: 1 << 28 }) },
    { name: 'TIFF whose first page comes next, for ever', bytes: tiff({ width: 4000, height: 4000, next: 8 }) },
    { name: 'TIFF of 100 pages', bytes: pages(100) },
    {
      name: 'TIFF of 600 MB of floating point numbers',
      bytes: tiff({ width: 7000, height: 7000, channels: 3, bits: 32, format: 3, data: zeros, compression: 8 }),
    },
    {
      name: 'TIFF of 5,000 bands',
      bytes: tiff({ width: 300, height: 300, channels: 5000, data: zeros, compression: 8 }),
    },
    {
      name: 'TIFF of a tile of floating point numbers of 65,536²',
      bytes: tiff({ width: 100, height: 100, tile: 1 << 16, bits: 32, format: 3, data: zeros, compression: 8 }),
    },
    {
      name: 'TIFF of signed numbers that are not there',
      bytes: tiff({ width: 7000, height: 7000, bits: 16, format: 2 }),
    },
  ];
}

/** Each of 1,000 × 1,000 pixels, where the last one points to nothing more. */
function pages(count: number): Buffer {
  const page = tiff({ width: 1000, height: 1000 });
  const all = Buffer.concat(Array<Buffer>(count).fill(page));
  const [directory, next] = [8, page.length - DATA_BYTES - 4];
  for (let i = 0; i + 1 < count; i++) all.writeUInt32LE((i + 1) * page.length + directory, i * page.length + next);
  return all;
}

/** Frames that claim the size and hold the data of one pixel. */
function gif(width: number, height: number, frames: number): Buffer {
  const screen = Buffer.from([0, 0, 0, 0, 0x80, 0, 0]);
  const frame = Buffer.from([0x2c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 0x44, 1, 0]);
  screen.writeUInt16LE(width, 0);
  screen.writeUInt16LE(height, 2);
  frame.writeUInt16LE(width, 5);
  frame.writeUInt16LE(height, 7);
  const colors = Buffer.from([0, 0, 0, 255, 255, 255]);
  return Buffer.concat([Buffer.from('GIF89a'), screen, colors, ...Array<Buffer>(frames).fill(frame), Buffer.from(';')]);
}

function riff(chunks: readonly Buffer[]): Buffer {
  return chunk('RIFF', Buffer.concat([Buffer.from('WEBP'), ...chunks]));
}

function chunk(type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, 'latin1');
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
}

function vp8l(width: number, height: number): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE((((width - 1) & 0x3fff) | (((height - 1) & 0x3fff) << 14)) >>> 0);
  return chunk('VP8L', Buffer.concat([Buffer.from([0x2f]), size, Buffer.alloc(200)]));
}

function vp8(width: number, height: number): Buffer {
  const header = Buffer.alloc(10);
  // A key frame that is shown, with a first partition of 100 bytes.
  header.writeUIntLE(0x10 | (100 << 5), 0, 3);
  header.set([0x9d, 0x01, 0x2a], 3);
  header.writeUInt16LE(width, 6);
  header.writeUInt16LE(height, 8);
  return chunk('VP8 ', Buffer.concat([header, Buffer.alloc(200)]));
}

/** @param flags 2 for an animation */
function canvas(width: number, height: number, flags: number): Buffer {
  const data = Buffer.alloc(10);
  data.writeUInt8(flags, 0);
  data.writeUIntLE(width - 1, 4, 3);
  data.writeUIntLE(height - 1, 7, 3);
  return chunk('VP8X', data);
}

function animated(width: number, height: number, frames: number): Buffer {
  const frame = Buffer.alloc(16);
  frame.writeUIntLE(width - 1, 6, 3);
  frame.writeUIntLE(height - 1, 9, 3);
  const one = chunk('ANMF', Buffer.concat([frame, vp8l(width, height)]));
  return riff([canvas(width, height, 2), chunk('ANIM', Buffer.alloc(6)), ...Array<Buffer>(frames).fill(one)]);
}

/** Behind the directory of a TIFF. */
const DATA_BYTES = 1000;

interface TiffOptions {
  readonly width: number;
  readonly height: number;
  readonly channels?: number;
  readonly bits?: number;
  /** 1 unsigned, 2 signed, 3 floating point. */
  readonly format?: number;
  /** Side of its only tile. */
  readonly tile?: number;
  /** 1 none, 8 deflate. */
  readonly compression?: number;
  readonly data?: Buffer;
  /** Where the next page is; 0 for none. */
  readonly next?: number;
}

function tiff(options: TiffOptions): Buffer {
  const { width, height, channels = 1, tile, compression = 1, data = Buffer.alloc(DATA_BYTES), next = 0 } = options;
  const { bits = 8, format = 1 } = options;
  const where: readonly [number, number][] =
    tile === undefined
      ? [[273, 0], [278, height], [279, data.length]] // prettier-ignore
      : [[322, tile], [323, tile], [324, 0], [325, data.length]]; // prettier-ignore
  const tags: [number, number][] = [
    ...([[256, width], [257, height], [258, bits], [259, compression], [262, 1], [277, channels], [339, format]] as const), // prettier-ignore
    ...where,
  ].map(([tag, value]) => [tag, value]);
  tags.sort(([a], [b]) => a - b);
  const size = 8 + 2 + tags.length * 12 + 4;
  const file = Buffer.alloc(size);
  file.write('II*\0', 'latin1');
  file.writeUInt32LE(8, 4);
  file.writeUInt16LE(tags.length, 8);
  tags.forEach(([tag, value], i) => {
    const at = 10 + i * 12;
    file.writeUInt16LE(tag, at);
    // LONG, one of it.
    file.writeUInt16LE(4, at + 2);
    file.writeUInt32LE(1, at + 4);
    file.writeUInt32LE(tag === 273 || tag === 324 ? size : value, at + 8);
  });
  file.writeUInt32LE(next, size - 4);
  return Buffer.concat([file, data]);
}
