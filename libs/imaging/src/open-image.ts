import type { Sharp } from 'sharp';
import { sniffMediaType } from '@pentaprism/domain';
import { decodeBitmap } from './bitmap.js';
import { sharp } from './configured-sharp.js';
import { MAX_PIXELS } from './limits.js';

/**
 * An image of any format, for sharp to work on: the one place where bytes become its input. Call `readImageHeader` first,
 * which knows the limits.
 *
 * @throws DomainError UNDECODABLE_IMAGE for a BMP that is damaged; of other formats it shows when the pixels are asked for
 */
export async function openImage(bytes: Uint8Array): Promise<Sharp> {
  if (sniffMediaType(bytes) !== 'image/bmp') {
    return sharp(bytes, { failOn: 'warning', limitInputPixels: MAX_PIXELS });
  }
  const { data, width, height, channels } = await decodeBitmap(bytes);
  return sharp(data, { raw: { width, height, channels } });
}
