import { MAX_SAMPLE_BYTES } from './limits.js';
import { SAMPLE_FORMAT, type TiffHeader } from './tiff-header.js';
import { damaged, undecodable, unsupported } from './undecodable.js';

/** How the pixels of a TIFF become a picture. */
export type TiffLayout =
  /** libvips reads it rightly. */
  | { readonly kind: 'plain'; readonly hasAlpha: boolean }
  /** libvips reads it, and takes bands for alpha that the file does not call so. They are removed. */
  | { readonly kind: 'without-extra-bands'; readonly hasAlpha: false }
  /** The numbers are read as they are stored, and mapped here. */
  | NumbersLayout;

export interface NumbersLayout {
  readonly kind: 'numbers';
  readonly colors: 'gray' | 'inverted-gray' | 'rgb' | 'ycbcr' | 'cielab' | 'icclab';
  /** Indices of the bands that are shown. */
  readonly bands: readonly number[];
  /** Index of the band that the file calls alpha. */
  readonly alpha: number | undefined;
  /** Whether colors are multiplied with alpha already. */
  readonly isPremultiplied: boolean;
  readonly hasAlpha: boolean;
}

const [WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, SEPARATED, YCBCR, CIELAB, ICCLAB] = [0, 1, 2, 3, 5, 6, 8, 9];
/** Bands of each color model. */
const COLORS = new Map([
  [WHITE_IS_ZERO, 1],
  [BLACK_IS_ZERO, 1],
  [RGB, 3],
  [PALETTE, 1],
  [SEPARATED, 4],
  [YCBCR, 3],
  [CIELAB, 3],
  [ICCLAB, 3],
]);
const [OLD_JPEG, JPEG] = [6, 7];
/** Ways to compress that know bytes only: none, LZW, Deflate (two numbers), PackBits. */
const OF_BYTES: readonly number[] = [1, 5, 8, 32_946, 32_773];
/** Ways to compress that are known, and that sharp's build of libtiff does not read. */
const NOT_READ = new Map([
  [33_003, 'JPEG 2000'],
  [33_005, 'JPEG 2000'],
  [34_661, 'JBIG'],
  [34_712, 'JPEG 2000'],
  [34_887, 'LERC'],
  [34_925, 'LZMA'],
  [34_933, 'PNG'],
  [34_934, 'JPEG XR'],
  [50_000, 'Zstandard'],
  [50_002, 'JPEG XL'],
  [52_546, 'JPEG XL'],
]);
/** Bytes that one byte can become: none, LZW (strings of 4,096 bytes in 12 bits), Deflate, PackBits. */
const MAX_RATIOS = new Map([
  [1, 1],
  [5, 2731],
  [8, 1032],
  [32_946, 1032],
  [32_773, 64],
]);
/** More than instruments write; the others are ignored, but have to be read. */
const MAX_BANDS = 1024;
/** Bands of a color and alpha. */
const MAX_SHOWN = 4;
/** Of one tile, decompressed: 1,000 times what programs write. */
const MAX_TILE_BYTES = 64 * 1024 ** 2;
/** What sharp takes. */
const MAX_CHANNELS = 5;

/**
 * Decides which bands of a TIFF are shown: those of its colors, and alpha only where the file calls a band so. All others
 * are ignored. A file that cannot be shown rightly is refused.
 *
 * @param fileBytes length of the file: less cannot become all the numbers that the header claims
 * @throws DomainError UNDECODABLE_IMAGE with a sentence that says why
 */
export function layoutOf(header: TiffHeader, fileBytes: number): TiffLayout {
  const { photometric, samplesPerPixel: samples, extraSamples } = header;
  const colors = COLORS.get(photometric);
  if (colors === undefined) throw unsupported(`It is a TIFF of color model ${photometric}, which is not decoded here.`);
  if (samples < colors) throw damaged();
  const notRead = NOT_READ.get(header.compression);
  if (notRead !== undefined)
    throw unsupported(`It is a TIFF in ${notRead} compression, which is not decoded here. Use Deflate or LZW.`);
  if (!header.isUniform) throw unsupported('It is a TIFF whose bands have samples of different kinds.');
  const declared = extraSamples.slice(0, samples - colors).findIndex((kind) => kind === 1 || kind === 2);
  const alpha = declared < 0 ? undefined : colors + declared;
  const isExact = samples === colors + (alpha === undefined ? 0 : 1);
  if (isExact && isReadByLibvips(header)) return { kind: 'plain', hasAlpha: alpha !== undefined };
  if (isJpeg(header) || photometric === SEPARATED || photometric === PALETTE) {
    const isRemovable = alpha === undefined && samples <= MAX_CHANNELS && isReadByLibvips(header);
    if (isRemovable) return { kind: 'without-extra-bands', hasAlpha: false };
    throw unsupported(
      `It is a TIFF of ${samples} bands of ${header.bitsPerSample} bits in color model ${photometric}, which are not decoded together here.`,
    );
  }
  checkNumbers(header);
  checkMemory(header);
  checkLength(header, fileBytes);
  return {
    kind: 'numbers',
    colors: modelOf(header),
    bands: Array.from({ length: colors }, (_, i) => i),
    alpha,
    isPremultiplied: alpha !== undefined && extraSamples[alpha - colors] === 1,
    hasAlpha: alpha !== undefined,
  };
}

/** Unsigned samples of the usual sizes. Of others libvips keeps the low bits, or shows one color model as another. */
function isReadByLibvips(header: TiffHeader): boolean {
  const { photometric, bitsPerSample: bits, samplesPerPixel, sampleFormat, noData } = header;
  if (header.isPlanar && isTiled(header)) return false;
  // A remark of libtiff's, which cannot be told from one on a tile.
  if (isTiled(header) && samplesPerPixel !== (COLORS.get(photometric) ?? 0) + header.extraSamples.length) return false;
  if (sampleFormat !== SAMPLE_FORMAT.unsigned) return false;
  if (photometric === CIELAB || photometric === ICCLAB) return false;
  if (photometric === PALETTE) return bits <= 8 && samplesPerPixel === 1;
  if (photometric === YCBCR) return bits === 8 && isJpeg(header);
  if (isJpeg(header)) return bits === 8;
  const isGray = photometric === WHITE_IS_ZERO || photometric === BLACK_IS_ZERO;
  if ([1, 2, 4].includes(bits)) return isGray && samplesPerPixel === 1;
  return bits === 8 || (bits === 16 && noData === undefined);
}

export function isTiled({ tileWidth }: TiffHeader): boolean {
  return tileWidth !== undefined;
}

export function isJpeg({ compression }: TiffHeader): boolean {
  return compression === JPEG || compression === OLD_JPEG;
}

function modelOf({ photometric }: TiffHeader): NumbersLayout['colors'] {
  switch (photometric) {
    case WHITE_IS_ZERO:
      return 'inverted-gray';
    case BLACK_IS_ZERO:
      return 'gray';
    case YCBCR:
      return 'ycbcr';
    case CIELAB:
      return 'cielab';
    case ICCLAB:
      return 'icclab';
    default:
      return 'rgb';
  }
}

/** @throws DomainError UNDECODABLE_IMAGE for numbers that are not read, or that would take too much memory */
function checkNumbers(header: TiffHeader): void {
  const { bitsPerSample: bits, photometric, sampleFormat: format, subsampling } = header;
  const { unsigned, signed, float } = SAMPLE_FORMAT;
  if (header.samplesPerPixel > MAX_BANDS)
    throw unsupported(`It is a TIFF of ${header.samplesPerPixel} bands; files of at most ${MAX_BANDS} are decoded.`);
  if (format > float) throw unsupported('It is a TIFF of complex numbers, which are not decoded here.');
  const isKnown =
    (format === unsigned && ((bits >= 1 && bits <= 16) || bits === 32)) ||
    (format === signed && [8, 16, 32].includes(bits)) ||
    (format === float && [16, 32, 64].includes(bits));
  if (!isKnown) throw unsupported(`It is a TIFF of ${bits}-bit ${nameOf(format)} samples, which are not decoded here.`);
  if (!OF_BYTES.includes(header.compression))
    throw unsupported(`It is a TIFF of ${bits}-bit samples in compression ${header.compression}.`);
  if (photometric === YCBCR && (bits !== 8 || format !== unsigned || subsampling.some((step) => step !== 1)))
    throw unsupported('It is a TIFF with reduced chroma that is not compressed as JPEG, which is not decoded here.');
  if ((photometric === CIELAB || photometric === ICCLAB) && ![8, 16].includes(bits))
    throw unsupported(`It is a TIFF of CIE L*a*b* colors of ${bits} bits, which are not decoded here.`);
  checkPredictor(header);
}

function checkPredictor({ predictor, bitsPerSample: bits, sampleFormat }: TiffHeader): void {
  if (predictor === 1) return;
  if (predictor === 2 && [8, 16, 32].includes(bits)) return;
  if (predictor === 3 && sampleFormat === SAMPLE_FORMAT.float) return;
  throw unsupported(`It is a TIFF of ${bits}-bit samples with predictor ${predictor}, which is not decoded here.`);
}

/** What is read at once: all bands, unless they are stored one by one. A tile may be larger than the picture. */
function checkMemory(header: TiffHeader): void {
  const { width, height, bitsPerSample: bits, samplesPerPixel, isPlanar, tileWidth, tileHeight, predictor } = header;
  // Floating point numbers that are put together from bytes need a second place.
  const copies = predictor === 3 ? 2 : 1;
  const bytesOf = (pixels: number, bands: number): number => pixels * bands * copies * Math.max(1, bits / 8);
  const shown = isPlanar ? Math.min(samplesPerPixel, MAX_SHOWN) : samplesPerPixel;
  if (bytesOf(width * height, shown) > MAX_SAMPLE_BYTES) {
    const most = Math.floor(MAX_SAMPLE_BYTES / 1024 ** 2);
    throw undecodable(
      'too_much_memory',
      `It has ${width} × ${height} pixels of ${samplesPerPixel} × ${bits} bits; at most ${most} MB of such samples are decoded.`,
    );
  }
  if (tileWidth === undefined) return;
  if (tileWidth < 1 || tileHeight === undefined || tileHeight < 1) throw damaged();
  if (bytesOf(tileWidth * tileHeight, isPlanar ? 1 : samplesPerPixel) > MAX_TILE_BYTES)
    throw undecodable('too_much_memory', `It has tiles of ${tileWidth} × ${tileHeight} pixels, which are too large.`);
}

/** A short file that claims much is refused before memory is taken for it. */
function checkLength(
  { width, height, bitsPerSample, samplesPerPixel, compression }: TiffHeader,
  fileBytes: number,
): void {
  const ratio = MAX_RATIOS.get(compression);
  if (ratio !== undefined && (width * height * samplesPerPixel * bitsPerSample) / 8 > fileBytes * ratio)
    throw damaged();
}

function nameOf(format: number): string {
  const { unsigned, signed } = SAMPLE_FORMAT;
  if (format === unsigned) return 'unsigned';
  return format === signed ? 'signed' : 'floating point';
}
