import { createHash } from 'node:crypto';
import type { ImageHeader } from './image-header.js';
import { MAX_DIGEST_JPEG_PIXELS, MAX_DIGEST_PIXELS } from './limits.js';
import { withoutFullAlpha, type RawImage } from './raw-image.js';

/**
 * Returns whether the pixels of an image are hashed. They are decoded in their full size then, which costs a multiple of a reduced
 * decoding for a JPEG, and hardly anything for other formats.
 */
export function isDigestible({ format, metadata }: ImageHeader): boolean {
  const pixels = metadata.autoOrient.width * metadata.autoOrient.height;
  return pixels <= (format === 'jpeg' ? MAX_DIGEST_JPEG_PIXELS : MAX_DIGEST_PIXELS);
}

/**
 * Returns the SHA-256 of pixels in a canonical form, as 64 hexadecimal digits. Files that were encoded again without loss have the same
 * one, whatever their format, compression and EXIF orientation.
 *
 * The canonical form is the text `WIDTHxHEIGHTxCHANNELS` and a line feed, then the upright sRGB pixels of the first page, row
 * by row, 8 bits a channel. An image has 3 channels if every pixel is opaque. Otherwise it has 4, and the colors of fully
 * transparent pixels count as 0, because encoders change colors that are not visible.
 */
export function pixelDigest(image: RawImage): string {
  const { data, width, height, channels } = withoutHiddenColors(withoutFullAlpha(image));
  return createHash('sha256').update(`${width}x${height}x${channels}\n`).update(data).digest('hex');
}

function withoutHiddenColors(image: RawImage): RawImage {
  if (image.channels === 3) return image;
  const data = Uint8Array.from(image.data);
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 0) data.fill(0, i, i + 3);
  return { ...image, data };
}
