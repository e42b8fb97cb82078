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
 * @param maxSide at most `WORKING_SIDE`
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

/** The pixels reduced to fit a square of `maxSide`, never enlarged. */
export async function shrinkWithin(image: RawImage, maxSide: number): Promise<RawImage> {
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
