import { SNIFF_LENGTH, sniffMediaType } from '@pentaprism/domain';
import { checkBitmapLength, readBitmapHeader } from './bitmap-header.js';
import { colorProfileOf } from './color-profile.js';
import { sharp } from './configured-sharp.js';
import { asAvif } from './avif-sequence.js';
import { firstFrameWithPixels } from './gif-frames.js';
import type { ImageMetadata } from './image-metadata.js';
import { checkJpeg, maxJpegPixels, readJpegStructure } from './jpeg-structure.js';
import { MAX_BITMAP_PIXELS, MAX_BYTES, MAX_PAGES, MAX_PIXELS, MAX_SIDE } from './limits.js';
import { checkPortableMapLength, readPortableMapHeader } from './portable-map.js';
import { checkTextsOfPng } from './png-texts.js';
import { readTiff, type TiffDescription } from './tiff-description.js';
import { damaged, undecodable, unsupported } from './undecodable.js';

export const IMAGE_FORMATS = ['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff', 'bmp', 'ppm', 'pgm'] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

/** Formats whose media type is not `image/` and their name. */
const OTHER_MEDIA_TYPES: Readonly<Record<string, ImageFormat>> = {
  'image/x-portable-pixmap': 'ppm',
  'image/x-portable-graymap': 'pgm',
};

/** What the header claims, within the limits. */
export interface ImageHeader {
  readonly format: ImageFormat;
  readonly mediaType: string;
  /** In pixels, as stored: before orientation. */
  readonly width: number;
  readonly height: number;
  readonly pages: number;
  readonly metadata: ImageMetadata;
  /** Of a GIF: the index of the frame that is decoded, where it is not the first one. */
  readonly frame?: number;
  /** Of a TIFF: how its pixels are read. */
  readonly tiff?: TiffDescription;
}

/**
 * Reads the header only, so a bomb costs as little as an icon.
 *
 * @param maxPixels width × height of a page at most; of a JPEG that is reduced while it is decoded, `MAX_JPEG_PIXELS`
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
  const format = OTHER_MEDIA_TYPES[mediaType] ?? IMAGE_FORMATS.find((name) => mediaType === `image/${name}`);
  switch (format) {
    case undefined:
      throw unknownFormat(bytes);
    case 'bmp':
      return { format, mediaType, pages: 1, ...readBitmap(bytes, maxPixels) };
    case 'ppm':
    case 'pgm':
      return { format, mediaType, pages: 1, ...readPortableMap(bytes, maxPixels) };
    case 'tiff':
      return { format, mediaType, ...(await readTiffWithin(bytes, maxPixels)) };
    case 'jpeg': {
      const structure = readJpegStructure(bytes);
      checkJpeg(structure);
      return { format, mediaType, ...(await readByLibvips(bytes, mediaType, maxJpegPixels(structure))) };
    }
    case 'png':
      // Before libvips: reading a header is enough for it to inflate every text.
      checkTextsOfPng(bytes);
      return { format, mediaType, ...(await readByLibvips(bytes, mediaType, maxPixels)) };
    case 'gif': {
      const size = await readByLibvips(bytes, mediaType, maxPixels);
      return { format, mediaType, ...size, frame: firstFrameWithPixels(bytes) };
    }
    case 'avif':
      return { format, mediaType, ...(await readByLibvips(asAvif(bytes), mediaType, maxPixels)) };
    default:
      return { format, mediaType, ...(await readByLibvips(bytes, mediaType, maxPixels)) };
  }
}

/** Formats that people have pictures in, and that are no media type here. */
function unknownFormat(bytes: Uint8Array): Error {
  const box = Buffer.from(bytes.subarray(0, SNIFF_LENGTH)).toString('latin1');
  const name = OTHERS.find(([, starts]) =>
    starts.some((start) => box.startsWith(start, start.startsWith('ftyp') ? 4 : 0)),
  )?.[0];
  if (name === undefined) return undecodable('unknown_format', 'The format is not an image that can be decoded here.');
  return unsupported(`It is a ${name} file, which is not decoded here. Convert it to JPEG or PNG.`);
}

const OTHERS: readonly (readonly [name: string, starts: readonly string[]])[] = [
  ['HEIC', ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1'].map((brand) => `ftyp${brand}`)],
  ['JPEG XL', ['\xff\x0a', '\0\0\0\x0cJXL ']],
  ['JPEG 2000', ['\0\0\0\x0cjP  ', '\xff\x4f\xff\x51']],
  ['Photoshop', ['8BPS']],
  ['PBM', ['P1\n', 'P4\n']],
  ['PAM', ['P7\n']],
];

type Size = Pick<ImageHeader, 'width' | 'height' | 'pages' | 'metadata'>;

async function readByLibvips(bytes: Uint8Array, mediaType: string, maxPixels: number): Promise<Size> {
  // Our own limits say what the image claims; libvips' would not.
  const metadata = await sharp(bytes, { failOn: 'error', limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw damaged(error);
    });
  // A loader that accepts other bytes than the sniffed type's would escape what was decided for that type.
  if (metadata.mediaType !== mediaType) throw damaged();
  const { width, height, pages = 1 } = metadata;
  checkSize(width, height, maxPixels);
  checkPages(pages);
  return { width, height, pages, metadata: { ...metadata, profile: colorProfileOf(metadata) } };
}

/** The size first: what is done with the rest of the directory is within limits then. */
async function readTiffWithin(bytes: Uint8Array, maxPixels: number): Promise<Size & { tiff: TiffDescription }> {
  const { pages, metadata, tiff } = await readTiff(bytes, ({ width, height }) => checkSize(width, height, maxPixels));
  checkPages(pages);
  return { width: tiff.header.width, height: tiff.header.height, pages, metadata, tiff };
}

function readBitmap(bytes: Uint8Array, maxPixels: number): Pick<ImageHeader, 'width' | 'height' | 'metadata'> {
  const header = readBitmapHeader(bytes);
  const { width, height, hasAlpha } = header;
  checkSize(width, height, Math.min(maxPixels, MAX_BITMAP_PIXELS));
  checkBitmapLength(header, bytes);
  const channels = hasAlpha ? 4 : 3;
  return {
    width,
    height,
    metadata: { autoOrient: { width, height }, space: 'srgb', channels, depth: 'uchar', hasAlpha, profile: 'none' },
  };
}

function readPortableMap(bytes: Uint8Array, maxPixels: number): Pick<ImageHeader, 'width' | 'height' | 'metadata'> {
  const header = readPortableMapHeader(bytes);
  const { width, height, channels, maxValue } = header;
  checkSize(width, height, maxPixels);
  checkPortableMapLength(header, bytes);
  const isWide = maxValue > 0xff;
  const space = channels === 1 ? (isWide ? 'grey16' : 'b-w') : isWide ? 'rgb16' : 'srgb';
  const depth = isWide ? 'ushort' : 'uchar';
  return {
    width,
    height,
    metadata: { autoOrient: { width, height }, space, channels, depth, hasAlpha: false, profile: 'none' },
  };
}

/** @throws DomainError UNDECODABLE_IMAGE where an image of this size is not decoded */
function checkSize(width: number, height: number, maxPixels: number): void {
  if (width * height > maxPixels) {
    throw undecodable(
      'too_many_pixels',
      `It claims ${width} × ${height} pixels; at most ${Math.floor(maxPixels / 1e6)} megapixels are decoded.`,
    );
  }
  if (Math.max(width, height) > MAX_SIDE) {
    throw undecodable(
      'too_many_pixels',
      `It claims ${width} × ${height} pixels; sides of at most ${MAX_SIDE} pixels are decoded.`,
    );
  }
}

function checkPages(pages: number): void {
  if (pages > MAX_PAGES) {
    throw undecodable('too_large', `It has ${pages} pages; files of at most ${MAX_PAGES} pages are decoded.`);
  }
}

const megabytes = (bytes: number): number => Math.ceil(bytes / 1024 ** 2);
