import type { Random } from '@pentaprism/domain';
import sharp from 'sharp';
import { bitmap } from '../../e2e/support/bad-pictures.js';
import { pick } from '../drill.js';
import { mutated } from './mutations.js';

const [WIDTH, HEIGHT, CHANNELS] = [96, 64, 3] as const;
const RAW = { raw: { width: WIDTH, height: HEIGHT, channels: CHANNELS } } as const;

/** A whole file of some format, by name. */
export interface WholePicture {
  readonly name: string;
  readonly bytes: Buffer;
}

/** One file of each format and encoding that decoders have code of their own for. */
export async function wholePictures(random: Random): Promise<WholePicture[]> {
  const pixels = Uint8Array.from({ length: WIDTH * HEIGHT * CHANNELS }, () => random() * 256);
  const smooth = await sharp(pixels, RAW).blur(4).raw().toBuffer();
  const picture = () => sharp(smooth, RAW);
  const frames = sharp(Buffer.concat([smooth, smooth, pixels]), {
    raw: { width: WIDTH, height: HEIGHT * 3, channels: CHANNELS, pageHeight: HEIGHT },
  });
  const named: Readonly<Record<string, () => Promise<Buffer>>> = {
    'JPEG, baseline': () => picture().jpeg().toBuffer(),
    'JPEG, progressive': () => picture().jpeg({ progressive: true }).toBuffer(),
    'JPEG, gray': () => picture().grayscale().jpeg().toBuffer(),
    'JPEG, CMYK': () => picture().toColourspace('cmyk').jpeg().toBuffer(),
    'JPEG, turned by EXIF': () => picture().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    'PNG, 8 bits': () => picture().png().toBuffer(),
    'PNG, 16 bits': () => picture().toColourspace('rgb16').png().toBuffer(),
    'PNG, interlaced': () => picture().ensureAlpha(0.5).png({ progressive: true }).toBuffer(),
    'PNG, palette': () => picture().png({ palette: true, colours: 16 }).toBuffer(),
    'GIF, animated': () => frames.clone().gif().toBuffer(),
    'WebP, lossy': () => picture().webp().toBuffer(),
    'WebP, lossless': () => picture().ensureAlpha(0.5).webp({ lossless: true }).toBuffer(),
    'WebP, animated': () => frames.clone().webp().toBuffer(),
    AVIF: () => picture().avif({ effort: 0 }).toBuffer(),
    'TIFF, LZW': () => picture().tiff({ compression: 'lzw', predictor: 'horizontal' }).toBuffer(),
    'TIFF, JPEG': () => picture().tiff({ compression: 'jpeg' }).toBuffer(),
    'TIFF, tiles and pyramid': () =>
      picture().tiff({ tile: true, tileWidth: 32, tileHeight: 32, pyramid: true }).toBuffer(),
    'TIFF, one bit': () =>
      picture().toColourspace('b-w').tiff({ bitdepth: 1, compression: 'deflate', predictor: 'none' }).toBuffer(),
    'TIFF, float': () => picture().toColourspace('scrgb').tiff({ compression: 'none' }).toBuffer(),
    BMP: () => Promise.resolve(bitmap(WIDTH, HEIGHT, smooth)),
    PPM: () => Promise.resolve(Buffer.concat([Buffer.from(`P6 ${WIDTH} ${HEIGHT} 255\n`), smooth])),
    'PGM, text': () => Promise.resolve(Buffer.from(`P2 ${CHANNELS * WIDTH} ${HEIGHT} 999\n${smooth.join(' ')}`)),
  };
  return Promise.all(Object.entries(named).map(async ([name, make]) => ({ name, bytes: await make() })));
}

/** One of the files with one to three accidents in its bytes. */
export function mutatedPicture(random: Random, wholes: readonly WholePicture[]): WholePicture {
  const { name, bytes } = pick(random, wholes);
  return { name, bytes: mutated(random, bytes) };
}
