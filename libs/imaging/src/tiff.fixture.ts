/**
 * A writer of TIFF files with nothing but zlib, as the specification has them: any number of bands of any kind of number, which
 * neither libvips nor libtiff would write.
 */
import { deflateSync } from 'node:zlib';

export interface TiffPicture {
  readonly width: number;
  readonly height: number;
  readonly bands: number;
  /** The number of a band at a pixel. */
  readonly at: (x: number, y: number, band: number) => number;
  readonly bits: number;
  /** 1 unsigned, 2 signed, 3 floating point, 6 complex. Undefined: the tag is left out. */
  readonly format?: number;
  readonly photometric: number;
  readonly extraSamples?: readonly number[];
  readonly isPlanar?: boolean;
  readonly isBigEndian?: boolean;
  /** 1 none, 8 Deflate. */
  readonly compression?: number;
  readonly predictor?: 1 | 2;
  readonly rowsPerStrip?: number;
  /** More tags of whole numbers or text. */
  readonly more?: readonly (readonly [tag: number, values: readonly number[] | string])[];
}

export function writeTiff(picture: TiffPicture): Buffer {
  const { width, height, bands, bits, photometric, isPlanar = false, compression = 1, predictor } = picture;
  const { rowsPerStrip = height } = picture;
  const strips: Buffer[] = [];
  for (const plane of isPlanar
    ? Array.from({ length: bands }, (_, i) => [i])
    : [Array.from({ length: bands }, (_, i) => i)])
    for (let y = 0; y < height; y += rowsPerStrip) {
      const rows = Array.from({ length: Math.min(rowsPerStrip, height - y) }, (_, i) => rowOf(picture, y + i, plane));
      const data = Buffer.concat(rows);
      strips.push(compression === 8 ? deflateSync(data) : data);
    }
  const tags: (readonly [number, readonly number[] | string])[] = [
    [256, [width]],
    [257, [height]],
    [258, Array<number>(bands).fill(bits)],
    [259, [compression]],
    [262, [photometric]],
    [273, strips.map(() => 0)],
    [277, [bands]],
    [278, [rowsPerStrip]],
    [279, strips.map(({ length }) => length)],
    [284, [isPlanar ? 2 : 1]],
    ...(predictor === undefined ? [] : [[317, [predictor]] as const]),
    ...(picture.extraSamples === undefined ? [] : [[338, picture.extraSamples] as const]),
    ...(picture.format === undefined ? [] : [[339, Array<number>(bands).fill(picture.format)] as const]),
    ...(picture.more ?? []),
  ];
  return assemble(tags, strips, picture.isBigEndian ?? false);
}

function assemble(tags: (readonly [number, readonly number[] | string])[], strips: Buffer[], isBig: boolean): Buffer {
  const sorted = [...tags].sort(([a], [b]) => a - b);
  const u16 = (value: number) => (isBig ? [value >> 8, value & 255] : [value & 255, value >> 8]);
  const u32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    if (isBig) bytes.writeUInt32BE(value);
    else bytes.writeUInt32LE(value);
    return [...bytes];
  };
  let at = 8 + 2 + sorted.length * 12 + 4;
  const dataAt = at + sorted.reduce((sum, [, values]) => sum + (isInline(values) ? 0 : sizeOf(values)), 0);
  const entries: number[] = [];
  const values: number[] = [];
  for (const [tag, given] of sorted) {
    let next = dataAt;
    const numbers = tag === 273 ? strips.map(({ length }) => (next += length) - length) : given;
    const bytes = typeof numbers === 'string' ? [...Buffer.from(`${numbers}\0`)] : numbers.flatMap(u32);
    entries.push(
      ...u16(tag),
      ...u16(typeof numbers === 'string' ? 2 : 4),
      ...u32(typeof numbers === 'string' ? bytes.length : numbers.length),
    );
    if (bytes.length <= 4) entries.push(...bytes, ...Array<number>(4 - bytes.length).fill(0));
    else {
      entries.push(...u32(at));
      at += bytes.length;
      values.push(...bytes);
    }
  }
  const magic = isBig ? [0x4d, 0x4d, 0, 42] : [0x49, 0x49, 42, 0];
  const head = Buffer.from([...magic, ...u32(8), ...u16(sorted.length), ...entries, ...u32(0), ...values]);
  return Buffer.concat([head, ...strips]);
}

const sizeOf = (values: readonly number[] | string) =>
  typeof values === 'string' ? values.length + 1 : values.length * 4;
const isInline = (values: readonly number[] | string) => sizeOf(values) <= 4;

function rowOf(picture: TiffPicture, y: number, plane: readonly number[]): Buffer {
  const { width, bits, predictor } = picture;
  const numbers: number[] = [];
  for (let x = 0; x < width; x++) for (const band of plane) numbers.push(picture.at(x, y, band));
  if (bits % 8 !== 0) return packed(numbers, bits);
  const size = bits / 8;
  const row = Buffer.alloc(numbers.length * size);
  const stored =
    predictor === 2
      ? numbers.map((value, i) => wrapped(value - (numbers[i - plane.length] ?? 0), bits, picture.format))
      : numbers;
  stored.forEach((value, i) => write(row, i * size, value, picture));
  return row;
}

function wrapped(value: number, bits: number, format = 1): number {
  const all = 2 ** bits;
  const positive = ((value % all) + all) % all;
  return format === 2 && positive >= all / 2 ? positive - all : positive;
}

function write(row: Buffer, at: number, value: number, { bits, format = 1, isBigEndian = false }: TiffPicture): void {
  const size = bits / 8;
  if (format === 3) {
    if (size === 2) row.writeUInt16LE(half(value), at);
    else if (size === 4) row.writeFloatLE(value, at);
    else row.writeDoubleLE(value, at);
  } else if (format === 2) row.writeIntLE(value, at, size);
  else if (size <= 6) row.writeUIntLE(value, at, size);
  if (isBigEndian) row.subarray(at, at + size).reverse();
}

/** The bits of a normal number of IEEE 754's binary16, or of 0, infinity and NaN. */
function half(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude === Infinity) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | Math.round(magnitude / 2 ** -24);
  const exponent = Math.floor(Math.log2(magnitude));
  return sign | (((exponent + 15) << 10) + Math.round((magnitude / 2 ** exponent - 1) * 1024));
}

function packed(numbers: readonly number[], bits: number): Buffer {
  const text = numbers.map((value) => value.toString(2).padStart(bits, '0')).join('');
  const whole = text.padEnd(Math.ceil(text.length / 8) * 8, '0');
  return Buffer.from(whole.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? []);
}
