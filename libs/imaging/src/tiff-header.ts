import { damaged } from './undecodable.js';

/** What the first directory of a TIFF says of its pixels. Names and numbers are those of TIFF 6.0. */
export interface TiffHeader {
  readonly width: number;
  readonly height: number;
  readonly bitsPerSample: number;
  readonly samplesPerPixel: number;
  /** 1 unsigned, 2 signed, 3 floating point; see `SAMPLE_FORMAT`. */
  readonly sampleFormat: number;
  /** Whether all samples of a pixel have the same number of bits and the same format. */
  readonly isUniform: boolean;
  readonly photometric: number;
  readonly compression: number;
  /** 1 none, 2 difference to the left neighbour, 3 the same of floating point bytes. */
  readonly predictor: number;
  /** Whether each band is stored by itself. */
  readonly isPlanar: boolean;
  /** Meaning of each sample beyond the colors: 0 unspecified, 1 alpha that is multiplied in, 2 alpha that is not. */
  readonly extraSamples: readonly number[];
  /** Pixels for which one value of each chroma band is stored, across and down. */
  readonly subsampling: readonly [number, number];
  /** Of Y, Cb and Cr: black and white (or 0 and the largest) of each. */
  readonly referenceBlackWhite: readonly number[] | undefined;
  /** EXIF's 1 to 8; 1 where the file says anything else, as viewers have it. */
  readonly orientation: number;
  /** Whether it says anything else, which libtiff takes for an error. */
  readonly hasOddOrientation: boolean;
  readonly tileWidth: number | undefined;
  readonly tileHeight: number | undefined;
  /** A number that stands for "no value here" (GDAL_NODATA). */
  readonly noData: number | undefined;
  readonly isLittleEndian: boolean;
  /** Where the next directory is, 0 after the last one. */
  readonly nextDirectory: number;
  /** Tags with their places in the file, for those who write others over them. */
  readonly entries: ReadonlyMap<number, TiffEntry>;
}

export interface TiffEntry {
  readonly type: number;
  readonly count: number;
  /** Bytes of one value. */
  readonly size: number;
  /** Of the entry itself, in bytes from the start of the file. */
  readonly at: number;
  /** Of its count and of the field that holds its values, or says where they are. */
  readonly countAt: number;
  readonly fieldAt: number;
  /** Of its values. */
  readonly valuesAt: number;
  readonly isBig: boolean;
}

export const TAG = {
  width: 256,
  height: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  stripOffsets: 273,
  orientation: 274,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  planarConfiguration: 284,
  t4Options: 292,
  t6Options: 293,
  predictor: 317,
  colorMap: 320,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  inkSet: 332,
  numberOfInks: 334,
  extraSamples: 338,
  sampleFormat: 339,
  jpegTables: 347,
  chromaCoefficients: 529,
  subsampling: 530,
  chromaPositioning: 531,
  referenceBlackWhite: 532,
  colorProfile: 34_675,
  noData: 42_113,
} as const;

export const SAMPLE_FORMAT = { unsigned: 1, signed: 2, float: 3 } as const;

/** More tags than any program writes; libtiff takes as many. */
const MAX_ENTRIES = 4096;
/** Values of one tag that are read: as many as a picture has samples that are looked at. */
const MAX_VALUES = 256;
/** Bytes of a value by its type: BYTE, ASCII, SHORT, LONG, RATIONAL, and so on. */
const SIZES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

/**
 * Reads the first directory of a TIFF or BigTIFF, and of it only what says how to read the pixels.
 *
 * @throws DomainError UNDECODABLE_IMAGE where there is none
 */
export function readTiffHeader(bytes: Uint8Array): TiffHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const isLittleEndian = bytes[0] === 0x49;
    return describe(new Directory(view, isLittleEndian), isLittleEndian);
  } catch (error) {
    // A place outside the file.
    if (error instanceof RangeError || (error as Error).name === 'RangeError') throw damaged(error);
    throw error;
  }
}

function describe(directory: Directory, isLittleEndian: boolean): TiffHeader {
  const width = directory.number(TAG.width, 0);
  const height = directory.number(TAG.height, 0);
  if (width < 1 || height < 1) throw damaged();
  const bits = directory.numbers(TAG.bitsPerSample);
  const formats = directory.numbers(TAG.sampleFormat);
  const samplesPerPixel = directory.number(TAG.samplesPerPixel, 1);
  const [across = 2, down = 2] = directory.numbers(TAG.subsampling);
  return {
    width,
    height,
    bitsPerSample: bits[0] ?? 1,
    samplesPerPixel,
    // 4 is "unknown", which programs read as unsigned.
    sampleFormat: formats[0] === undefined || formats[0] === 4 ? SAMPLE_FORMAT.unsigned : formats[0],
    isUniform: bits.every((value) => value === bits[0]) && formats.every((value) => value === formats[0]),
    photometric: directory.number(TAG.photometric, 1),
    compression: directory.number(TAG.compression, 1),
    predictor: directory.number(TAG.predictor, 1),
    isPlanar: samplesPerPixel > 1 && directory.number(TAG.planarConfiguration, 1) === 2,
    extraSamples: directory.numbers(TAG.extraSamples),
    subsampling: [across, down],
    referenceBlackWhite: directory.rationals(TAG.referenceBlackWhite),
    ...orientationOf(directory.number(TAG.orientation, 1)),
    tileWidth: directory.numbers(TAG.tileWidth)[0],
    tileHeight: directory.numbers(TAG.tileHeight)[0],
    noData: noDataOf(directory.text(TAG.noData), bits[0] === 32 && formats[0] === SAMPLE_FORMAT.float),
    isLittleEndian,
    nextDirectory: directory.next,
    entries: directory.entries,
  };
}

function orientationOf(value: number): Pick<TiffHeader, 'orientation' | 'hasOddOrientation'> {
  const hasOddOrientation = value < 1 || value > 8;
  return { orientation: hasOddOrientation ? 1 : value, hasOddOrientation };
}

/** @param isFloat32 whether samples have less digits than the text */
function noDataOf(text: string | undefined, isFloat32: boolean): number | undefined {
  if (text === undefined || text === '') return undefined;
  return isFloat32 ? Math.fround(Number(text)) : Number(text);
}

class Directory {
  readonly entries = new Map<number, TiffEntry>();
  readonly next: number;

  constructor(
    private readonly view: DataView,
    private readonly little: boolean,
  ) {
    const isBig = view.getUint16(2, little) === 43;
    const at = isBig ? this.place(8) : view.getUint32(4, little);
    const count = isBig ? this.place(at) : view.getUint16(at, little);
    if (count === 0 || count > MAX_ENTRIES) throw damaged();
    const first = at + (isBig ? 8 : 2);
    const end = first + count * (isBig ? 20 : 12);
    for (let entry = first; entry < end; entry += isBig ? 20 : 12) this.#read(entry, isBig);
    this.next = this.#nextAt(end, isBig);
  }

  /** The first of several counts, as for libtiff. One of an unknown type says nothing. */
  #read(at: number, isBig: boolean): void {
    const tag = this.view.getUint16(at, this.little);
    const type = this.view.getUint16(at + 2, this.little);
    const size = SIZES[type] ?? 0;
    const [countAt, fieldAt] = [at + 4, at + (isBig ? 12 : 8)];
    const count = isBig ? this.place(countAt) : this.view.getUint32(countAt, this.little);
    if (size === 0 || this.entries.has(tag)) return;
    const isInline = count * size <= (isBig ? 8 : 4);
    const pointer = () => (isBig ? this.place(fieldAt) : this.view.getUint32(fieldAt, this.little));
    const valuesAt = isInline ? fieldAt : pointer();
    this.entries.set(tag, { type, count, size, at, countAt, fieldAt, valuesAt, isBig });
  }

  /** A file may end with its directory, and lack the place that says so. */
  #nextAt(at: number, isBig: boolean): number {
    if (at + (isBig ? 8 : 4) > this.view.byteLength) return 0;
    return isBig ? this.place(at) : this.view.getUint32(at, this.little);
  }

  number(tag: number, otherwise: number): number {
    return this.numbers(tag)[0] ?? otherwise;
  }

  /** Of tags of whole numbers; empty where there is no such tag. */
  numbers(tag: number): number[] {
    const entry = this.entries.get(tag);
    if (entry === undefined) return [];
    const { valuesAt, size } = entry;
    return Array.from({ length: Math.min(entry.count, MAX_VALUES) }, (_, i) => {
      const at = valuesAt + i * size;
      if (size === 1) return this.view.getUint8(at);
      if (size === 2) return this.view.getUint16(at, this.little);
      return size === 4 ? this.view.getUint32(at, this.little) : this.place(at);
    });
  }

  rationals(tag: number): number[] | undefined {
    const entry = this.entries.get(tag);
    if (entry === undefined || entry.type !== 5) return undefined;
    return Array.from({ length: Math.min(entry.count, MAX_VALUES) }, (_, i) => {
      const at = entry.valuesAt + i * 8;
      return this.view.getUint32(at, this.little) / this.view.getUint32(at + 4, this.little);
    });
  }

  text(tag: number): string | undefined {
    const entry = this.entries.get(tag);
    if (entry === undefined || entry.type !== 2) return undefined;
    const letters = this.numbers(tag);
    return String.fromCharCode(...letters)
      .replaceAll('\0', '')
      .trim();
  }

  /** Of 64 bits. Files are not that long. */
  private place(at: number): number {
    const value = this.view.getBigUint64(at, this.little);
    if (value > Number.MAX_SAFE_INTEGER) throw damaged();
    return Number(value);
  }
}
