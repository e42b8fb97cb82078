import type { ImageQuality } from '@pentaprism/domain';
import { sharp } from './configured-sharp.js';
import { readImageHeader, type ImageFormat } from './image-header.js';
import { RESIZED_SIDE, THUMBNAIL_SIDE } from './limits.js';
import { measureQuality } from './measure-quality.js';
import { perceptualHash } from './perceptual-hash.js';
import { decodeWithin, rawInput, shrinkWithin, type RawImage } from './raw-image.js';

/** A smaller picture of an image, of its first page. */
export interface DerivedPicture {
  /** sRGB, upright, without metadata. */
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
  readonly quality: ImageQuality;
  /** Fits a square of `THUMBNAIL_SIDE`, never larger than the image. */
  readonly thumbnail: DerivedPicture;
  /** Fits a square of `RESIZED_SIDE`; null where the image does so itself, upright, and browsers show it. */
  readonly resized: DerivedPicture | null;
}

const BITS: Readonly<Record<string, number>> = { ushort: 16, short: 16, uint: 32, int: 32, float: 32, double: 64 };

/** Of JPEG and WebP. More is seen in the larger picture, which is looked at and not skimmed. */
const THUMBNAIL_QUALITY = 80;
const RESIZED_QUALITY = 82;
/** Of pictures that are not larger than a thumbnail, where every pixel is seen. */
const TINY_QUALITY = 92;

/** Formats whose files may be looked at as they are. */
const SHOWN_BY_BROWSERS: readonly ImageFormat[] = ['jpeg', 'png', 'webp', 'gif', 'avif', 'bmp'];

/**
 * Learns everything about an image from one decoding at the size of the largest picture that is made of it. Of an
 * animation, the first page only is decoded.
 *
 * @throws DomainError UNDECODABLE_IMAGE with a sentence for users and `details.reason`
 */
export async function analyseImage(bytes: Uint8Array): Promise<ImageAnalysis> {
  const header = await readImageHeader(bytes);
  const { format, mediaType, pages, metadata } = header;
  const { width, height } = metadata.autoOrient;
  const isLarge = Math.max(width, height) > RESIZED_SIDE;
  // Small ones are decoded at the thumbnail's size at once: for a JPEG that is a fraction of the work.
  const isTiny = Math.max(width, height) <= THUMBNAIL_SIDE;
  // Programs that ignore EXIF then read pixels of the width and height that the APIs report.
  const isTurned = (metadata.orientation ?? 1) !== 1;
  const needsResized = isLarge || isTurned || !SHOWN_BY_BROWSERS.includes(format);
  const decoded = await decodeWithin(bytes, header, needsResized ? RESIZED_SIDE : THUMBNAIL_SIDE);
  const small = needsResized ? await shrinkWithin(decoded, THUMBNAIL_SIDE) : decoded;
  return {
    format,
    mediaType,
    width,
    height,
    orientation: metadata.orientation ?? 1,
    colorSpace: metadata.space,
    channels: metadata.channels,
    bitDepth: metadata.bitsPerSample ?? BITS[metadata.depth] ?? 8,
    // A BMP may declare alpha and have none.
    hasAlpha: metadata.hasAlpha && decoded.channels === 4,
    pages,
    perceptualHash: await perceptualHash(small),
    quality: measureQuality(small),
    thumbnail: await encode(small, THUMBNAIL_QUALITY, isTiny),
    resized: needsResized ? await encode(decoded, RESIZED_QUALITY, isTiny) : null,
  };
}

/**
 * JPEG costs a fifth of WebP's time, but has no alpha channel. A picture of few pixels keeps all of its colors: chroma of half
 * the size would change icons and diagrams.
 *
 * @param quality of pictures that are no icons
 */
async function encode(image: RawImage, quality: number, isTiny: boolean): Promise<DerivedPicture> {
  const pixels = sharp(image.data, rawInput(image));
  const { width, height } = image;
  if (image.channels === 4) {
    const webp = pixels.webp({ quality, effort: 2, lossless: isTiny });
    return { bytes: await webp.toBuffer(), mediaType: 'image/webp', width, height };
  }
  const jpeg = pixels.jpeg(isTiny ? { quality: TINY_QUALITY, chromaSubsampling: '4:4:4' } : { quality });
  return { bytes: await jpeg.toBuffer(), mediaType: 'image/jpeg', width, height };
}
