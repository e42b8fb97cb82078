import { wholeWithin } from '../drill.js';
import type { Random } from '@pentaprism/domain';
import { crc32, deflateSync } from 'node:zlib';
import type { Bomb } from './bomb.js';

/** Bytes that the compressed parts become: of zeros, a thousandth of it is sent. */
const INFLATED = 100_000_000;

interface PngOptions {
  readonly bitDepth?: number;
  /** 0 gray, 2 RGB, 6 RGB and alpha. */
  readonly colorType?: number;
  readonly interlaced?: boolean;
  /** Between the header and the pixels. */
  readonly more?: readonly Buffer[];
  readonly pixels?: Buffer;
}

export function pngBombs(random: Random): Bomb[] {
  const side = () => wholeWithin(random, 7_500, 30_000);
  const zeros = deflateSync(Buffer.alloc(INFLATED));
  const text = (keyword: string) => Buffer.concat([Buffer.from(`${keyword}\0\0`), zeros]);
  const onePixel = deflateSync(Buffer.from([0, 255, 0, 0]));
  // 1 bit a pixel, all of them there: 20,000 rows of 2,500 bytes, each after its filter.
  const wholePicture = deflateSync(Buffer.alloc(20_000 * 2_501));
  const bomb = (name: string, width: number, height: number, options?: PngOptions): Bomb => ({
    name: `PNG ${name}`,
    bytes: png(width, height, options),
  });
  const harmless = (name: string, side: number, options: PngOptions): Bomb => ({
    ...bomb(name, side, side, options),
    harmless: true,
  });
  return [
    bomb('of 65,536²', 65_536, 65_536),
    bomb('of 2,147,483,647²', 0x7fff_ffff, 0x7fff_ffff),
    bomb('of random size', side(), side()),
    bomb('interlaced', side(), side(), { interlaced: true }),
    bomb('of 16 bits and alpha', side(), side(), { bitDepth: 16, colorType: 6 }),
    bomb('of one row', wholeWithin(random, 50_000_001, 0x7fff_ffff), 1),
    bomb('of one column', 1, wholeWithin(random, 30_001, 0x7fff_ffff)),
    bomb('of 20,000² with all its pixels', 20_000, 20_000, { bitDepth: 1, colorType: 0, pixels: wholePicture }),
    harmless('with a profile of 100 MB', 1, { more: [chunk('iCCP', text('icc'))], pixels: onePixel }),
    harmless('with a comment of 100 MB', 1, { more: [chunk('zTXt', text('Comment'))], pixels: onePixel }),
    bomb('with a thousand comments', 1, 1, { more: Array<Buffer>(1000).fill(longComment()), pixels: onePixel }),
    harmless('whose pixels inflate to 100 MB', 10, { pixels: zeros }),
  ];
}

function longComment(): Buffer {
  return chunk('zTXt', Buffer.concat([Buffer.from('Comment\0\0'), deflateSync(Buffer.alloc(1_000_000))]));
}

function png(width: number, height: number, options: PngOptions = {}): Buffer {
  const {
    bitDepth = 8,
    colorType = 2,
    interlaced = false,
    more = [],
    pixels = deflateSync(Buffer.alloc(1000)),
  } = options;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bitDepth, colorType, 0, 0, interlaced ? 1 : 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    ...more,
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
