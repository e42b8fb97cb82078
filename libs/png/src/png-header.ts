import { broken, unsupported } from './refusal.js';

/** Bytes of the data of `IHDR`: https://www.w3.org/TR/png-3/#11IHDR */
export const HEADER_BYTES = 13;

/** The largest "PNG four-byte unsigned integer": https://www.w3.org/TR/png-3/#7Integers-and-byte-order */
export const MAX_PNG_INTEGER = 2 ** 31 - 1;

export interface GrayscalePngLimits {
  /** Width × height. */
  readonly maxPixels: number;
}

/** Rows of one length that follow each other in the image data: the whole image, or one pass of an interlaced one. */
export interface Pass {
  readonly rows: number;
  /** The filter type and 2 bytes for each pixel. */
  readonly rowBytes: number;
}

/**
 * What the image data of a 16-bit grayscale PNG has to inflate to: passes in their order, those without pixels left out.
 *
 * @param data the 13 bytes of `IHDR`, their checksum found right
 * @throws DomainError UNSUPPORTED_MEDIA_TYPE for another depth or color type, whatever the other fields;
 *   INVALID_ARGUMENT for values that PNG does not know, and above the limit
 */
export function passesOf(data: Uint8Array, { maxPixels }: GrayscalePngLimits): readonly Pass[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colorType, compression, filter, interlace] = data.subarray(8);
  if (depth !== 16 || colorType !== 0) {
    throw unsupported(
      'pixel_format',
      `${describeFormat(depth, colorType)}; it must be grayscale with 16 bits per pixel.`,
    );
  }
  if (width === 0 || height === 0) throw broken('header', 'The PNG has no pixels.');
  if (width > MAX_PNG_INTEGER || height > MAX_PNG_INTEGER || compression !== 0 || filter !== 0) {
    throw broken('header', 'The header of the PNG has values that PNG does not know.');
  }
  // Below 2^62, which a double rounds: far above any limit, where rounding changes nothing.
  if (width * height > maxPixels)
    throw broken('too_many_pixels', `The PNG has ${width} × ${height} pixels; at most ${maxPixels} are accepted.`);
  if (interlace === 0) return [{ rows: height, rowBytes: 1 + 2 * width }];
  if (interlace === 1) return adam7(width, height);
  throw broken('header', 'The PNG is interlaced in a way that PNG does not know.');
}

/** https://www.w3.org/TR/png-3/#6Colour-values */
const COLOR_TYPES: Readonly<Record<number, string>> = {
  0: 'is grayscale',
  2: 'is in color',
  3: 'has a palette',
  4: 'is grayscale with alpha',
  6: 'is in color with alpha',
};

function describeFormat(depth: number | undefined, colorType = 0): string {
  const color = COLOR_TYPES[colorType] ?? `has the unknown color type ${colorType}`;
  return `The PNG ${color}, with ${depth} bits per sample`;
}

/** First column and row of each pass, and the steps to the next: https://www.w3.org/TR/png-3/#8Interlace */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

function adam7(width: number, height: number): readonly Pass[] {
  return ADAM7.map(([left, top, right, down]) => ({
    columns: Math.ceil((width - left) / right),
    rows: Math.ceil((height - top) / down),
  }))
    .filter(({ columns, rows }) => columns > 0 && rows > 0)
    .map(({ columns, rows }) => ({ rows, rowBytes: 1 + 2 * columns }));
}
