import { fromLab, fromYCbCr } from './color-models.js';
import { rangeOfFractions, rangeOfIntegers, seenRange, type SampleRange } from './sample-range.js';
import { SAMPLE_FORMAT, type TiffHeader } from './tiff-header.js';
import type { NumbersLayout } from './tiff-layout.js';
import { readBands, type Band } from './tiff-numbers.js';

/** 8 bits a channel, row by row: gray, or R, G and B, and alpha behind them where the number of channels is even. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
}

/**
 * Makes 8-bit pixels of a TIFF that libvips would not show rightly, all of its size and as it is stored. Its color profile is
 * not applied. Loops hold the thread, and with it the watch over the memory: about 1 s at 50 megapixels, in which nothing is
 * allocated but what is counted before.
 *
 * @throws DomainError UNDECODABLE_IMAGE
 */
export async function readTiffPixels(bytes: Uint8Array, header: TiffHeader, layout: NumbersLayout): Promise<Pixels> {
  const { bands, alpha, colors } = layout;
  const found = await readBands(bytes, header, alpha === undefined ? bands : [...bands, alpha]);
  const { width, height } = header;
  const channels = found.length as Pixels['channels'];
  const data = new Uint8Array(width * height * channels);
  const shown = found.slice(0, bands.length);
  const isLab = colors === 'cielab' || colors === 'icclab';
  const range = isLab || colors === 'ycbcr' ? fullRange(header) : colorRange(shown, header);
  shown.forEach((band, channel) => {
    const isSigned = colors === 'cielab' && channel > 0;
    const mapping = isSigned
      ? { ...range, half: 2 ** (header.bitsPerSample - 1) }
      : { ...range, noData: header.noData };
    writeBand(data, channels, channel, band, mapping);
  });
  if (colors === 'inverted-gray') invert(data, channels);
  if (alpha !== undefined) writeBand(data, channels, channels - 1, found.at(-1) as Band, fullRange(header));
  if (layout.isPremultiplied) unmultiply(data, channels);
  return { data, width, height, channels };
}

/**
 * Makes RGB of other color models, in place. Apart from `readTiffPixels`, because it takes a microsecond for each pixel: a
 * picture may be reduced before.
 */
export function convertToRgb({ data, channels }: Pixels, header: TiffHeader, { colors }: NumbersLayout): void {
  if (colors === 'ycbcr') fromYCbCr(data, channels, header.referenceBlackWhite);
  if (colors === 'cielab' || colors === 'icclab') fromLab(data, channels);
}

function colorRange(bands: readonly Band[], header: TiffHeader): SampleRange {
  const { bitsPerSample: bits, sampleFormat: format, noData } = header;
  // Of 8 bits and fewer, every viewer knows black and white.
  if (format === SAMPLE_FORMAT.unsigned && bits <= 8) return fullRange(header);
  const seen = seenRange(bands, noData);
  return format === SAMPLE_FORMAT.float ? rangeOfFractions(seen) : rangeOfIntegers(seen, fullRange(header));
}

function fullRange({ bitsPerSample: bits, sampleFormat: format }: TiffHeader): SampleRange {
  if (format === SAMPLE_FORMAT.float) return { black: 0, white: 1 };
  if (format === SAMPLE_FORMAT.signed) return { black: -(2 ** (bits - 1)), white: 2 ** (bits - 1) - 1 };
  return { black: 0, white: 2 ** bits - 1 };
}

interface Mapping extends SampleRange {
  readonly noData?: number | undefined;
  /** Half of the range, of numbers that are signed but are read as unsigned ones: 0 becomes 128. */
  readonly half?: number;
}

/** What is no number, or stands for none, becomes black, and what is beyond the range black or white. */
function writeBand(out: Uint8Array, channels: number, channel: number, band: Band, mapping: Mapping): void {
  const { data, offset, stride } = band;
  const { black, white, noData, half = 0 } = mapping;
  const scale = 255 / (white - black);
  let to = channel;
  for (let from = offset; from < data.length; from += stride) {
    const number = data[from] as number;
    const turned = half === 0 ? number : number >= half ? number - half : number + half;
    const value = (turned - black) * scale;
    // NaN is not above 0.
    out[to] = value > 0 && number !== noData ? (value < 255 ? value + 0.5 : 255) : 0;
    to += channels;
  }
}

function invert(data: Uint8Array, channels: number): void {
  for (let i = 0; i < data.length; i += channels) data[i] = 255 - (data[i] as number);
}

function unmultiply(data: Uint8Array, channels: number): void {
  for (let i = 0; i < data.length; i += channels) {
    const alpha = data[i + channels - 1] as number;
    for (let c = 0; c < channels - 1; c++)
      data[i + c] = alpha === 0 ? 0 : Math.min(255, Math.round(((data[i + c] as number) * 255) / alpha));
  }
}
