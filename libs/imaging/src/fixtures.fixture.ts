/** Pictures for this library's tests, made as they are needed: photo-like, different per seed, the same on every run. */
import { crc32, deflateSync } from 'node:zlib';
import { createRandom } from '@pentaprism/domain';
import { sharp } from './configured-sharp.js';
import type { RawImage } from './raw-image.js';

/** Soft shapes with some grain, which hash and compress as photos do. */
export async function photo(seed: string, width = 320, height = 240): Promise<RawImage> {
  const random = createRandom(seed);
  const few = Uint8Array.from({ length: 7 * 5 * 3 }, () => random() * 256);
  const soft = await sharp(few, { raw: { width: 7, height: 5, channels: 3 } })
    .resize(width, height, { fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer();
  const data = Uint8ClampedArray.from(soft, (value) => value + (random() - 0.5) * 12);
  return { data: new Uint8Array(data.buffer), width, height, channels: 3 };
}

export function pixelsOf(image: RawImage): ReturnType<typeof sharp> {
  const { width, height, channels } = image;
  return sharp(image.data, { raw: { width, height, channels } });
}

/** A valid PNG header that claims this size, with next to no data behind it. */
export function pngClaiming(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // 8 bits, RGB
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(1000))),
    chunk('IEND'),
  ]);
}

/** An animation whose frames claim this size, and hold the data of one pixel. */
export function gifClaiming(width: number, height: number, pages: number): Buffer {
  const screen = Buffer.from([0, 0, 0, 0, 0x80, 0, 0]);
  const colors = Buffer.from([0, 0, 0, 255, 255, 255]);
  const frame = Buffer.from([0x2c, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  const onePixel = Buffer.from([2, 2, 0x44, 1, 0]);
  screen.writeUInt16LE(width, 0);
  screen.writeUInt16LE(height, 2);
  frame.writeUInt16LE(width, 5);
  frame.writeUInt16LE(height, 7);
  const frames = Array.from({ length: pages }, () => [frame, onePixel]).flat();
  return Buffer.concat([Buffer.from('GIF89a'), screen, colors, ...frames, Buffer.from(';')]);
}

/** A whole chunk of a PNG. */
export function chunk(type: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(4 + body.length + 4);
  frame.writeUInt32BE(data.length, 0);
  body.copy(frame, 4);
  frame.writeUInt32BE(crc32(body), 4 + body.length);
  return frame;
}

/** Bits in which two hashes differ. */
export function distance(one: string, two: string): number {
  const difference = BigInt(`0x${one}`) ^ BigInt(`0x${two}`);
  return [...difference.toString(2)].filter((bit) => bit === '1').length;
}

/** How a thrown error looks from outside, for comparisons. */
export async function failureOf(
  action: Promise<unknown>,
): Promise<{ code: unknown; message: string; reason: unknown }> {
  const error = await action.then(
    () => {
      throw new Error('It did not fail.');
    },
    (caught: unknown) => caught as Error & { code?: unknown; details?: { reason?: unknown } },
  );
  return { code: error.code, message: error.message, reason: error.details?.reason };
}
