import { sharp } from './configured-sharp.js';
import { STORAGE_TAGS, TiffCopy } from './tiff-copy.js';
import { SAMPLE_FORMAT, TAG, type TiffHeader } from './tiff-header.js';
import { samplesOfRow, undoDifferences, undoFloatingPoint } from './tiff-predictor.js';
import { checkStored, failOn } from './tiff-storage.js';
import { damaged } from './undecodable.js';

type NumberArray =
  Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

/** The numbers of one band: that of pixel `i` is at `offset + i × stride`. */
export interface Band {
  readonly data: NumberArray;
  readonly offset: number;
  readonly stride: number;
}

/**
 * Reads bands of a TIFF as they are stored. libtiff decompresses them, but is told that they are gray values, row by row, of
 * 8, 16 or 32 bits: of nothing else does libvips leave every number as it is.
 *
 * @param wanted indices of bands
 * @throws DomainError UNDECODABLE_IMAGE
 */
export async function readBands(bytes: Uint8Array, header: TiffHeader, wanted: readonly number[]): Promise<Band[]> {
  const { samplesPerPixel, isPlanar } = header;
  if (isPlanar) {
    checkStored(bytes, header);
    const bands: Band[] = [];
    for (const band of wanted) bands.push({ data: await readRows(bytes, header, 1, band), offset: 0, stride: 1 });
    return bands;
  }
  const data = await readRows(bytes, header, samplesPerPixel);
  return wanted.map((offset) => ({ data, offset, stride: samplesPerPixel }));
}

/**
 * Returns a copy of the file that any reader takes for a gray picture, whatever it was. Its width counts numbers, not pixels.
 *
 * @param samples bands that are stored together
 * @param plane the only band that is left, where they are stored one after another
 */
export function asGray(bytes: Uint8Array, header: TiffHeader, samples: number, plane?: number): TiffCopy {
  const copy = new TiffCopy(bytes, header);
  const { bits, columns, tileColumns } = storageOf(header, samples);
  copy.write(TAG.width, columns);
  if (tileColumns !== undefined) copy.write(TAG.tileWidth, tileColumns);
  copy.write(TAG.bitsPerSample, bits);
  copy.write(TAG.photometric, 1);
  if (header.samplesPerPixel > 1) copy.write(TAG.samplesPerPixel, 1);
  if (header.predictor !== 1) copy.write(TAG.predictor, 1);
  if (plane !== undefined) copy.leavePlane(plane);
  return copy;
}

async function readRows(bytes: Uint8Array, header: TiffHeader, samples: number, plane?: number): Promise<NumberArray> {
  const { bits, columns } = storageOf(header, samples);
  const file = asGray(bytes, header, samples, plane).firstPage(STORAGE_TAGS);
  const { data } = await sharp(file, { failOn: failOn(bytes, header), limitInputPixels: false, ignoreIcc: true })
    .toColourspace(bits === 16 ? 'grey16' : 'b-w')
    .raw({ depth: ({ 8: 'uchar', 16: 'ushort', 32: 'uint' } as const)[bits] })
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw damaged(error);
    });
  if (data.length !== (columns * header.height * bits) / 8) throw damaged();
  if (header.predictor === 3) return numbersOf(undoFloatingPoint(data, header, samples), header, samples);
  if (header.predictor === 2) undoDifferences(wholeNumbers(data, bits), header, samples);
  return numbersOf(data, header, samples);
}

/** What libtiff is told: how many bits a number has, and how many numbers a row and a tile's row. */
function storageOf(header: TiffHeader, samples: number) {
  const { bitsPerSample, predictor, width, tileWidth } = header;
  // Rows of samples of other sizes are read as bytes; each row starts with a new one.
  const bits = bitsPerSample === 16 ? 16 : bitsPerSample < 32 ? 8 : 32;
  const numbers = (count: number): number => Math.ceil((count * bitsPerSample) / bits);
  const tileColumns = tileWidth === undefined ? undefined : tileWidth * samples;
  if (predictor === 3) {
    // Its bytes are not in the order of numbers.
    const size = bitsPerSample / 8;
    const tile = tileColumns === undefined ? undefined : tileColumns * size;
    return { bits: 8 as const, columns: samplesOfRow(header, samples) * size, tileColumns: tile };
  }
  return {
    bits: bits as 8 | 16 | 32,
    columns: numbers(width * samples),
    tileColumns: tileColumns === undefined ? undefined : numbers(tileColumns),
  };
}

function wholeNumbers(data: Buffer, bits: 8 | 16 | 32): Uint8Array | Uint16Array | Uint32Array {
  if (bits === 8) return data;
  return bits === 16 ? viewOf(data, Uint16Array) : viewOf(data, Uint32Array);
}

/** The same memory. What sharp returns, and what is allocated here, begins at a multiple of 8. */
function viewOf<T>(
  bytes: Buffer,
  type: { new (buffer: ArrayBufferLike, at: number, length: number): T; BYTES_PER_ELEMENT: number },
): T {
  return new type(bytes.buffer, bytes.byteOffset, bytes.length / type.BYTES_PER_ELEMENT);
}

function numbersOf(data: Buffer, header: TiffHeader, samples: number): NumberArray {
  const { bitsPerSample: bits, sampleFormat: format, isLittleEndian, predictor } = header;
  const { signed, float } = SAMPLE_FORMAT;
  if (bits < 16 && bits !== 8) return unpacked(data, header, samples);
  if (bits === 8) return format === signed ? viewOf(data, Int8Array) : data;
  if (bits === 16) {
    if (format === float) return halves(viewOf(data, Uint16Array));
    return format === signed ? viewOf(data, Int16Array) : viewOf(data, Uint16Array);
  }
  if (bits === 64) {
    // Their halves came in the order of the file.
    if (!isLittleEndian && predictor !== 3) data.swap64().swap32();
    return viewOf(data, Float64Array);
  }
  if (format === float) return viewOf(data, Float32Array);
  return format === signed ? viewOf(data, Int32Array) : viewOf(data, Uint32Array);
}

/** Samples of any number of bits up to 16, the first in the highest bits of the first byte. */
function unpacked(data: Buffer, { bitsPerSample: bits, width, height }: TiffHeader, samples: number): Uint16Array {
  const columns = width * samples;
  const row = Math.ceil((columns * bits) / 8);
  const numbers = new Uint16Array(columns * height);
  for (let y = 0; y < height; y++) {
    let [kept, count, at] = [0, 0, y * row];
    for (let x = 0; x < columns; x++) {
      for (; count < bits; count += 8) kept = ((kept << 8) | (data[at++] as number)) & 0xff_ffff;
      count -= bits;
      numbers[y * columns + x] = (kept >> count) & ((1 << bits) - 1);
    }
  }
  return numbers;
}

/** From the 16 bits of IEEE 754's binary16. */
function halves(patterns: Uint16Array): Float32Array {
  const table = Float32Array.from({ length: 0x1_0000 }, (_, pattern) => {
    const sign = pattern >> 15 === 1 ? -1 : 1;
    const [exponent, fraction] = [(pattern >> 10) & 31, pattern & 1023];
    if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
    return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
  const numbers = new Float32Array(patterns.length);
  for (let i = 0; i < patterns.length; i++) numbers[i] = table[patterns[i] as number] as number;
  return numbers;
}
