import type { ImageQuality } from '@pentaprism/domain';
import { sharp } from './configured-sharp.js';
import { readImageHeader, type ImageFormat, type ImageHeader } from './image-header.js';
import { RESIZED_SIDE, THUMBNAIL_SIDE } from './limits.js';
import { measureQuality } from './measure-quality.js';
import { perceptualHash } from './perceptual-hash.js';
import { isDigestible, pixelDigest } from './pixel-digest.js';
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
  /** 64 hexadecimal digits, see `pixelDigest`; null for an image that is never decoded in its full size. */
  readonly pixelDigest: string | null;
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
 * Returns the properties of an image, from one decoding. Its size is the full one if the pixels are hashed, and otherwise that
 * of the largest picture that is made of the image. Of an animation, the first page only is decoded.
 *
 * @throws DomainError UNDECODABLE_IMAGE with a sentence for users and `details.reason`
 */
export async function analyseImage(bytes: Uint8Array): Promise<ImageAnalysis> {
  const header = await readImageHeader(bytes);
  const { format, mediaType, pages, metadata } = header;
  const { width, height } = metadata.autoOrient;
  const isLarge = Math.max(width, height) > RESIZED_SIDE;
  const isTiny = Math.max(width, height) <= THUMBNAIL_SIDE;
  // Programs that ignore EXIF then read pixels of the width and height that the APIs report.
  const isTurned = (metadata.orientation ?? 1) !== 1;
  const needsResized = isLarge || isTurned || !SHOWN_BY_BROWSERS.includes(format);
  const { decoded, digest } = await decodeOnce(bytes, header, needsResized ? RESIZED_SIDE : THUMBNAIL_SIDE);
  const small = await shrinkWithin(decoded, THUMBNAIL_SIDE);
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
    pixelDigest: digest,
    quality: measureQuality(small),
    thumbnail: await encode(small, THUMBNAIL_QUALITY, isTiny),
    resized: needsResized ? await encode(decoded, RESIZED_QUALITY, isTiny) : null,
  };
}

/** Decodes an image to fit a square of `maxSide`, in its full size first if its pixels are hashed. */
async function decodeOnce(
  bytes: Uint8Array,
  header: ImageHeader,
  maxSide: number,
): Promise<{ decoded: RawImage; digest: string | null }> {
  if (!isDigestible(header)) return { decoded: await decodeWithin(bytes, header, maxSide), digest: null };
  const { width, height } = header.metadata.autoOrient;
  const whole = await decodeWithin(bytes, header, Math.max(width, height));
  // Samples that have to be mapped to 8 bits are decoded within `WORKING_SIDE` always.
  const isWhole = whole.width === width && whole.height === height;
  return { decoded: await shrinkWithin(whole, maxSide), digest: isWhole ? pixelDigest(whole) : null };
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
