import type { SharpOptions } from 'sharp';
import { sharp } from './configured-sharp.js';
import type { ImageHeader } from './image-header.js';
import { decodeImage } from './open-image.js';

/** Upright sRGB pixels, 8 bits a channel, row by row: R, G, B and, where there are 4, alpha (not premultiplied). */
export interface RawImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
}

/**
 * Decodes the first page, upright, as sRGB, reduced to fit a square of `maxSide` and never enlarged.
 *
 * The square makes it equal whether orientation comes before or after the reduction; after lets JPEG and WebP decode at a
 * fraction of their size.
 *
 * @param maxSide samples that have to be mapped to 8 bits are reduced to `WORKING_SIDE` at least
 * @throws DomainError UNDECODABLE_IMAGE for truncated or damaged data
 */
export function decodeWithin(bytes: Uint8Array, header: ImageHeader, maxSide: number): Promise<RawImage> {
  return decodeImage(bytes, header, async (image) => {
    const { data, info } = await image
      .resize(maxSide, maxSide, { fit: 'inside', withoutEnlargement: true })
      .autoOrient()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height, channels: info.channels === 4 ? 4 : 3 };
  });
}

/** Returns the pixels reduced to fit a square of `maxSide`; the same image if it does. */
export async function shrinkWithin(image: RawImage, maxSide: number): Promise<RawImage> {
  if (Math.max(image.width, image.height) <= maxSide) return image;
  const { data, info } = await sharp(image.data, rawInput(image))
    .resize(maxSide, maxSide, { fit: 'inside', withoutEnlargement: true })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: image.channels };
}

/** How sharp wants to be told about pixels that it gets as they are. */
export function rawInput({ width, height, channels }: RawImage): SharpOptions {
  return { raw: { width, height, channels } };
}

/** Returns the image without its alpha channel if that is opaque everywhere. */
export function withoutFullAlpha(image: RawImage): RawImage {
  const source = image.data;
  if (image.channels === 3) return image;
  for (let i = 3; i < source.length; i += 4) if (source[i] !== 255) return image;
  const data = new Uint8Array((source.length / 4) * 3);
  for (let from = 0, to = 0; from < source.length; from += 4, to += 3) {
    data[to] = source[from] as number;
    data[to + 1] = source[from + 1] as number;
    data[to + 2] = source[from + 2] as number;
  }
  return { ...image, data, channels: 3 };
}
