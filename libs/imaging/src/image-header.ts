import type { Metadata } from 'sharp';
import { SNIFF_LENGTH, sniffMediaType } from '@pentaprism/domain';
import { checkBitmapLength, readBitmapHeader } from './bitmap-header.js';
import { sharp } from './configured-sharp.js';
import { MAX_BITMAP_PIXELS, MAX_BYTES, MAX_PIXELS, MAX_SIDE } from './limits.js';
import { checkRepeatedWork } from './repeated-work.js';
import { damaged, undecodable } from './undecodable.js';

export const IMAGE_FORMATS = ['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff', 'bmp'] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

/** What is said of an image besides its size, in sharp's words. */
export type ImageMetadata = Pick<
  Metadata,
  'autoOrient' | 'orientation' | 'space' | 'channels' | 'depth' | 'bitsPerSample' | 'hasAlpha'
>;

/** What the header claims, within the limits. */
export interface ImageHeader {
  readonly format: ImageFormat;
  readonly mediaType: string;
  /** In pixels, as stored: before orientation. */
  readonly width: number;
  readonly height: number;
  readonly pages: number;
  readonly metadata: ImageMetadata;
}

/**
 * Reads the header only, so a bomb costs as little as an icon.
 *
 * @param maxPixels width × height × pages at most
 * @throws DomainError UNDECODABLE_IMAGE for anything but an image of a known format within the limits
 */
export async function readImageHeader(bytes: Uint8Array, maxPixels = MAX_PIXELS): Promise<ImageHeader> {
  if (bytes.length === 0) throw undecodable('empty', 'The file is empty.');
  if (bytes.length > MAX_BYTES) {
    throw undecodable(
      'too_large',
      `It has ${megabytes(bytes.length)} MB; at most ${megabytes(MAX_BYTES)} are decoded.`,
    );
  }
  const mediaType = sniffMediaType(bytes.subarray(0, SNIFF_LENGTH));
  const format = IMAGE_FORMATS.find((name) => mediaType === `image/${name}`);
  if (format === undefined) {
    throw undecodable('unknown_format', 'The format is not an image that can be decoded here.');
  }
  if (format === 'bmp') return { format, mediaType, pages: 1, ...readBitmap(bytes, maxPixels) };
  // Before libvips: reading a header is enough for it to inflate every text of a PNG.
  checkRepeatedWork(format, bytes);
  // Our own limits say what the image claims; libvips' would not.
  const metadata = await sharp(bytes, { failOn: 'warning', limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw damaged(error);
    });
  // A loader that accepts other bytes than the sniffed type's would escape what was decided for that type.
  if (metadata.mediaType !== mediaType) throw damaged();
  const { width, height, pages = 1 } = metadata;
  checkSize(width, height, pages, maxPixels);
  return { format, mediaType, width, height, pages, metadata };
}

function readBitmap(bytes: Uint8Array, maxPixels: number): Pick<ImageHeader, 'width' | 'height' | 'metadata'> {
  const header = readBitmapHeader(bytes);
  const { width, height, hasAlpha } = header;
  checkSize(width, height, 1, Math.min(maxPixels, MAX_BITMAP_PIXELS));
  checkBitmapLength(header, bytes);
  const channels = hasAlpha ? 4 : 3;
  return {
    width,
    height,
    metadata: { autoOrient: { width, height }, space: 'srgb', channels, depth: 'uchar', hasAlpha },
  };
}

/** @throws DomainError UNDECODABLE_IMAGE where an image of this size is not decoded */
function checkSize(width: number, height: number, pages: number, maxPixels: number): void {
  if (width * height * pages > maxPixels) {
    const claim = pages > 1 ? `${pages} pages of ${width} × ${height} pixels` : `${width} × ${height} pixels`;
    throw undecodable(
      'too_many_pixels',
      `It claims ${claim}; at most ${Math.floor(maxPixels / 1e6)} megapixels are decoded.`,
    );
  }
  if (Math.max(width, height) > MAX_SIDE) {
    throw undecodable(
      'too_many_pixels',
      `It claims ${width} × ${height} pixels; sides of at most ${MAX_SIDE} pixels are decoded.`,
    );
  }
}

const megabytes = (bytes: number): number => Math.ceil(bytes / 1024 ** 2);
