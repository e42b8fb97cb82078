import { sharp } from './configured-sharp.js';
import { readImageHeader, type ImageFormat } from './image-header.js';
import { THUMBNAIL_SIDE } from './limits.js';
import { perceptualHash } from './perceptual-hash.js';
import { decodeWithin, rawInput, type RawImage } from './raw-image.js';

export interface Thumbnail {
  /** sRGB, upright, without metadata; fits a square of `THUMBNAIL_SIDE`, never larger than the image. */
  readonly bytes: Buffer;
  /** JPEG, or WebP where the image has an alpha channel. */
  readonly mediaType: 'image/jpeg' | 'image/webp';
  readonly width: number;
  readonly height: number;
}

export interface ImageAnalysis {
  readonly format: ImageFormat;
  /** From the first bytes. */
  readonly mediaType: string;
  /** In pixels, upright: after EXIF orientation. Of the first page. */
  readonly width: number;
  readonly height: number;
  /** EXIF's 1 to 8; 1 where the file says nothing. */
  readonly orientation: number;
  /** As stored, in libvips' words: srgb, b-w, cmyk, rgb16, grey16, ... */
  readonly colorSpace: string;
  readonly channels: number;
  /** Bits per channel. */
  readonly bitDepth: number;
  readonly hasAlpha: boolean;
  readonly pages: number;
  /** 16 hexadecimal digits, see `perceptualHash`. */
  readonly perceptualHash: string;
  readonly thumbnail: Thumbnail;
}

const BITS: Readonly<Record<string, number>> = { ushort: 16, short: 16, uint: 32, int: 32, float: 32, double: 64 };

/**
 * Learns everything about an image from one decoding at thumbnail size. Of an animation, the first page only is decoded.
 *
 * @throws DomainError UNDECODABLE_IMAGE with a sentence for users and `details.reason`
 */
export async function analyseImage(bytes: Uint8Array): Promise<ImageAnalysis> {
  const { format, mediaType, pages, metadata } = await readImageHeader(bytes);
  const small = await decodeWithin(bytes, THUMBNAIL_SIDE);
  return {
    format,
    mediaType,
    width: metadata.autoOrient.width,
    height: metadata.autoOrient.height,
    orientation: metadata.orientation ?? 1,
    colorSpace: metadata.space,
    channels: metadata.channels,
    bitDepth: metadata.bitsPerSample ?? BITS[metadata.depth] ?? 8,
    hasAlpha: metadata.hasAlpha,
    pages,
    perceptualHash: await perceptualHash(small),
    thumbnail: await encodeThumbnail(small),
  };
}

/** JPEG costs a fifth of WebP's time at this size. */
async function encodeThumbnail(image: RawImage): Promise<Thumbnail> {
  const pixels = sharp(image.data, rawInput(image));
  const { width, height } = image;
  if (image.channels === 4) {
    return { bytes: await pixels.webp({ quality: 80, effort: 2 }).toBuffer(), mediaType: 'image/webp', width, height };
  }
  return { bytes: await pixels.jpeg({ quality: 80 }).toBuffer(), mediaType: 'image/jpeg', width, height };
}
