import { createRandom } from '@pentaprism/domain';
import { readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';

const SIDE = 256;

/** A photo of the tests of inference. */
export function fixturePhoto(name: 'coffee' | 'chelsea'): Promise<Buffer> {
  return readFile(new URL(`../../inference/src/fixtures/${name}.jpg`, import.meta.url));
}

/** A picture of soft shapes, different for each seed. */
export async function softPicture(seed: string): Promise<Buffer> {
  const random = createRandom(seed);
  const few = Uint8Array.from({ length: 7 * 5 * 3 }, () => random() * 256);
  const options = { fit: 'fill', kernel: 'cubic' } as const;
  return sharp(few, { raw: { width: 7, height: 5, channels: 3 } })
    .resize(SIDE, SIDE, options)
    .png()
    .toBuffer();
}

/** A picture whose pixels are a function of their place: row by row, red, green and blue. */
export function pattern(colorAt: (x: number, y: number) => readonly [number, number, number]): Promise<Buffer> {
  const pixels = Array.from({ length: SIDE * SIDE }, (_, i) => colorAt(i % SIDE, Math.floor(i / SIDE)));
  return sharp(Uint8Array.from(pixels.flat()), { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .png()
    .toBuffer();
}

/** Returns the picture as users keep it a second time: encoded again, smaller, cropped by 2 and 4 % a side, brighter. */
export async function variantsOf(picture: Buffer): Promise<Buffer[]> {
  const { width, height } = await sharp(picture).metadata();
  const crop = (share: number): Sharp =>
    sharp(picture).extract({
      left: Math.round(width * share),
      top: Math.round(height * share),
      width: Math.round(width * (1 - 2 * share)),
      height: Math.round(height * (1 - 2 * share)),
    });
  return Promise.all([
    sharp(picture).jpeg({ quality: 40 }).toBuffer(),
    sharp(picture)
      .resize(Math.round(width / 2))
      .webp({ quality: 70 })
      .toBuffer(),
    crop(0.02).jpeg().toBuffer(),
    crop(0.04).jpeg().toBuffer(),
    sharp(picture).modulate({ brightness: 1.25 }).jpeg().toBuffer(),
  ]);
}
