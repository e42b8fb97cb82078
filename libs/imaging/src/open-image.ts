import type { Sharp, SharpOptions } from 'sharp';
import { DomainError } from '@pentaprism/domain';
import { asAvif } from './avif-sequence.js';
import { decodeBitmap } from './bitmap.js';
import { sharp } from './configured-sharp.js';
import type { ImageHeader } from './image-header.js';
import { hasAllScans, readJpegStructure } from './jpeg-structure.js';
import { MAX_JPEG_PIXELS, MAX_PIXELS, WORKING_SIDE } from './limits.js';
import { decodePortableMap } from './portable-map.js';
import { rangeOfIntegers, seenRange } from './sample-range.js';
import type { TiffDescription } from './tiff-description.js';
import { convertToRgb, readTiffPixels, type Pixels } from './tiff-picture.js';
import { sourceOf } from './tiff-storage.js';
import { damaged } from './undecodable.js';

/** What sharp does with an image, up to its result. */
export type Work<T> = (image: Sharp) => Promise<T>;

/**
 * Decodes an image of any format: the one place where bytes become pixels. `work` gets the first page, whose bands are those of its
 * colors and of its alpha, if it has one, in 8 bits or within what sharp makes 8 bits of rightly. Apply `autoOrient`.
 *
 * `work` may be called twice. It gets a copy that fits a square of `WORKING_SIDE` where the whole would have to be mapped to 8
 * bits first.
 *
 * @param header what `readImageHeader` returned for the bytes, which knows the limits
 * @throws DomainError UNDECODABLE_IMAGE for truncated or damaged data
 */
export async function decodeImage<T>(bytes: Uint8Array, header: ImageHeader, work: Work<T>): Promise<T> {
  try {
    const { format, tiff, metadata } = header;
    if (format === 'bmp') return await work(sharpOf(await decodeBitmap(bytes)));
    if (format === 'ppm' || format === 'pgm') return await work(sharpOf(decodePortableMap(bytes)));
    if (format === 'jpeg') return await decodeJpeg(bytes, header, work);
    if (format === 'avif') return await work(opened(asAvif(bytes), header));
    if (tiff?.layout.kind === 'numbers') {
      const whole = await readTiffPixels(bytes, tiff.header, tiff.layout);
      const pixels = await uprightWithin(whole, tiff.header.orientation);
      convertToRgb(pixels, tiff.header, tiff.layout);
      return await work(sharpOf(pixels));
    }
    if (tiff?.layout.kind === 'without-extra-bands') {
      const pixels = await withoutExtraBands(openedTiff(bytes, header, tiff));
      return await work(sharpOf(await uprightWithin(pixels, tiff.header.orientation)));
    }
    const isWide = metadata.depth === 'ushort' && metadata.space !== 'cmyk';
    const image = tiff ? openedTiff(bytes, header, tiff) : opened(bytes, header);
    if (isWide && (format === 'png' || format === 'tiff')) return await work(sharpOf(await mappedTo8Bits(image)));
    return await work(image);
  } catch (error) {
    throw DomainError.is(error) ? error : damaged(error);
  }
}

/** Warnings do not count, but what says that something is missing does. */
function opened(bytes: Uint8Array, { metadata, frame = 0 }: ImageHeader, options: SharpOptions = {}): Sharp {
  const ignoreIcc = metadata.profile === 'ignored';
  // sharp takes `page` for an error where a format has none.
  const page = frame === 0 ? {} : { page: frame };
  const image = sharp(bytes, { failOn: 'error', limitInputPixels: MAX_PIXELS, ignoreIcc, ...page, ...options });
  // Of 16 bits with a profile, sharp makes Display P3, and leaves it at that unless another profile is asked for.
  const isWide = metadata.depth === 'ushort' && metadata.profile === 'applied';
  return isWide ? image.withIccProfile('srgb', { attach: false }) : image;
}

function openedTiff(bytes: Uint8Array, header: ImageHeader, tiff: TiffDescription): Sharp {
  const source = sourceOf(bytes, tiff.header);
  return opened(source.bytes, header, { failOn: source.failOn });
}

function sharpOf({ data, width, height, channels }: Pick<Pixels, 'data' | 'width' | 'height' | 'channels'>): Sharp {
  return sharp(data, { raw: { width, height, channels } });
}

/** libjpeg's warning for coded pixels that end before all have come, where the file goes on. */
const PREMATURE = /premature end/i;

async function decodeJpeg<T>(bytes: Uint8Array, header: ImageHeader, work: Work<T>): Promise<T> {
  try {
    return await workOnJpeg(bytes, header, work);
  } catch (error) {
    // libvips gives up where the end marker is missing, and cannot tell whether anything else is.
    const mayBeWhole = error instanceof Error && PREMATURE.test(error.message);
    if (!mayBeWhole) throw error;
    const structure = readJpegStructure(bytes, true);
    if (structure.hasEnd || !hasAllScans(structure)) throw error;
    return await workOnJpeg(Buffer.concat([bytes, Buffer.from([0xff, 0xd9])]), header, work);
  }
}

async function workOnJpeg<T>(bytes: Uint8Array, header: ImageHeader, work: Work<T>): Promise<T> {
  const image = opened(bytes, header, { limitInputPixels: MAX_JPEG_PIXELS });
  let missing: string | undefined;
  image.on('warning', (text: string) => {
    if (PREMATURE.test(text)) missing = text;
  });
  const result = await work(image);
  if (missing !== undefined) throw damaged(missing);
  return result;
}

/**
 * Samples of 16 bits that use a small part of their range, as those of 12 bits do, would be nearly black. Mapped after the
 * reduction, which needs a fraction of the memory.
 */
async function mappedTo8Bits(image: Sharp): Promise<Pixels> {
  const { data, info } = await image
    .resize(WORKING_SIDE, WORKING_SIDE, { fit: 'inside', withoutEnlargement: true })
    .autoOrient()
    .toColourspace('rgb16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  const channels = info.channels === 4 ? 4 : 3;
  const samples = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  const colors = [0, 1, 2].map((offset) => ({ data: samples, offset, stride: channels }));
  const { black, white } = rangeOfIntegers(seenRange(colors), { black: 0, white: 0xffff });
  const out = new Uint8ClampedArray(samples.length);
  for (let i = 0; i < samples.length; i++) {
    const isAlpha = channels === 4 && i % 4 === 3;
    out[i] = isAlpha ? (samples[i] as number) / 257 : (255 * ((samples[i] as number) - black)) / (white - black);
  }
  return { data: new Uint8Array(out.buffer), width: info.width, height: info.height, channels };
}

/** All of its size: before a reduction, colors are multiplied with the last band, which is not alpha here. */
async function withoutExtraBands(image: Sharp): Promise<Pixels> {
  const { data, info } = await image
    .removeAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels as Pixels['channels'] };
}

/** Reduced, and turned as EXIF's orientation says. */
async function uprightWithin(pixels: Pixels, orientation: number): Promise<Pixels> {
  const reduced = await sharpOf(pixels)
    .resize(WORKING_SIDE, WORKING_SIDE, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = reduced.info;
  const image = sharpOf({ data: reduced.data, width, height, channels: channels as Pixels['channels'] });
  const { angle, isMirrored } = TURNS[orientation] ?? { angle: 0, isMirrored: false };
  const turned = await image
    .rotate(angle)
    .flop(isMirrored)
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { info, data } = turned;
  return { data, width: info.width, height: info.height, channels: info.channels as Pixels['channels'] };
}

/** EXIF's orientations: mirrored, then clockwise, which is sharp's order. */
const TURNS: Readonly<Record<number, { readonly angle: number; readonly isMirrored: boolean }>> = {
  2: { angle: 0, isMirrored: true },
  3: { angle: 180, isMirrored: false },
  4: { angle: 180, isMirrored: true },
  5: { angle: 270, isMirrored: true },
  6: { angle: 90, isMirrored: false },
  7: { angle: 90, isMirrored: true },
  8: { angle: 270, isMirrored: false },
};
