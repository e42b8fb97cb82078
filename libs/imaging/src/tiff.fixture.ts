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
  /** 3 for floating point numbers of 32 and 64 bits. */
  readonly predictor?: 1 | 2 | 3;
  readonly rowsPerStrip?: number;
  /** Width and height of a tile, multiples of 16. Undefined: strips. */
  readonly tile?: readonly [number, number];
  /** With places of 64 bits. */
  readonly isBigTiff?: boolean;
  /** More tags of whole numbers or text. */
  readonly more?: readonly (readonly [tag: number, values: readonly number[] | string])[];
}

export function writeTiff(picture: TiffPicture): Buffer {
  const { width, height, bands, bits, photometric, isPlanar = false, compression = 1, predictor, tile } = picture;
  const { rowsPerStrip = height } = picture;
  const [partWidth, partHeight] = tile ?? [width, rowsPerStrip];
  const all = Array.from({ length: bands }, (_, i) => i);
  const parts: Buffer[] = [];
  for (const plane of isPlanar ? all.map((band) => [band]) : [all])
    for (let y = 0; y < height; y += partHeight)
      for (let x = 0; x < width; x += partWidth) {
        // Tiles are whole, strips end with the picture.
        const rows = tile ? partHeight : Math.min(partHeight, height - y);
        const data = Buffer.concat(Array.from({ length: rows }, (_, i) => rowOf(picture, y + i, plane, x, partWidth)));
        parts.push(compression === 8 ? deflateSync(data) : data);
      }
  const lengths = parts.map(({ length }) => length);
  const tags: Tag[] = [
    [256, [width]],
    [257, [height]],
    [258, Array<number>(bands).fill(bits)],
    [259, [compression]],
    [262, [photometric]],
    ...(tile ? [] : ([[273, 'places']] as const)),
    [277, [bands]],
    ...(tile ? [] : ([[278, [rowsPerStrip]], [279, lengths]] as const)), // prettier-ignore
    [284, [isPlanar ? 2 : 1]],
    ...(predictor === undefined ? [] : [[317, [predictor]] as const]),
    ...(tile ? ([[322, [tile[0]]], [323, [tile[1]]], [324, 'places'], [325, lengths]] as const) : []), // prettier-ignore
    ...(picture.extraSamples === undefined ? [] : [[338, picture.extraSamples] as const]),
    ...(picture.format === undefined ? [] : [[339, Array<number>(bands).fill(picture.format)] as const]),
    ...(picture.more ?? []),
  ];
  return assemble(tags, parts, picture);
}

/** `places`: where the parts are. */
type Tag = readonly [tag: number, values: readonly number[] | string];

function assemble(tags: readonly Tag[], parts: readonly Buffer[], picture: TiffPicture): Buffer {
  const { isBigEndian = false, isBigTiff = false } = picture;
  const sorted = [...tags].sort(([a], [b]) => a - b);
  const bytesOf = (value: number, size: 2 | 4 | 8): number[] => {
    const bytes = Buffer.alloc(size);
    if (size === 8) bytes.writeBigUInt64LE(BigInt(value));
    else bytes.writeUIntLE(value, 0, size);
    return [...(isBigEndian ? bytes.reverse() : bytes)];
  };
  const place = isBigTiff ? 8 : 4;
  const [start, entry] = isBigTiff ? [16, 20] : [8, 12];
  const places = parts.map(() => 0);
  const isPlaces = ([tag]: Tag) => tag === 273 || tag === 324;
  const valuesOf = (tag: Tag): number[] => {
    const [, given] = tag;
    if (isPlaces(tag)) return places.flatMap((value) => bytesOf(value, 4));
    return typeof given === 'string' ? [...Buffer.from(`${given}\0`)] : given.flatMap((value) => bytesOf(value, 4));
  };
  let at = start + (isBigTiff ? 8 : 2) + sorted.length * entry + place;
  const outside = sorted.map((tag) => valuesOf(tag).length).filter((length) => length > place);
  let next = at + outside.reduce((sum, length) => sum + length, 0);
  parts.forEach(({ length }, i) => {
    places[i] = next;
    next += length;
  });
  const entries: number[] = [];
  const values: number[] = [];
  for (const tag of sorted) {
    const bytes = valuesOf(tag);
    const isText = typeof tag[1] === 'string' && !isPlaces(tag);
    entries.push(...bytesOf(tag[0], 2), ...bytesOf(isText ? 2 : 4, 2));
    entries.push(...bytesOf(isText ? bytes.length : bytes.length / 4, place));
    if (bytes.length <= place) entries.push(...bytes, ...Array<number>(place - bytes.length).fill(0));
    else {
      entries.push(...bytesOf(at, place));
      at += bytes.length;
      values.push(...bytes);
    }
  }
  const order = isBigEndian ? [0x4d, 0x4d] : [0x49, 0x49];
  const magic = isBigTiff ? [43, 8, 0].flatMap((value) => bytesOf(value, 2)) : bytesOf(42, 2);
  const directory = [...bytesOf(sorted.length, isBigTiff ? 8 : 2), ...entries, ...bytesOf(0, place), ...values];
  return Buffer.concat([Buffer.from([...order, ...magic, ...bytesOf(start, place), ...directory]), ...parts]);
}

/** Beyond the edges of the picture, its last row and column go on. */
function rowOf(picture: TiffPicture, y: number, plane: readonly number[], from: number, columns: number): Buffer {
  const { width, height, bits, predictor } = picture;
  const numbers: number[] = [];
  for (let x = from; x < from + columns; x++)
    for (const band of plane) numbers.push(picture.at(Math.min(x, width - 1), Math.min(y, height - 1), band));
  if (bits % 8 !== 0) return packed(numbers, bits);
  const size = bits / 8;
  const row = Buffer.alloc(numbers.length * size);
  const stored =
    predictor === 2
      ? numbers.map((value, i) => wrapped(value - (numbers[i - plane.length] ?? 0), bits, picture.format))
      : numbers;
  stored.forEach((value, i) => write(row, i * size, value, picture));
  return predictor === 3 ? bytesApart(row, size, plane.length, picture.isBigEndian ?? false) : row;
}

/** Predictor 3: the highest bytes of all numbers first, and each byte as its difference to the one of the pixel before. */
function bytesApart(row: Buffer, size: number, bands: number, isBigEndian: boolean): Buffer {
  const count = row.length / size;
  const apart = Buffer.alloc(row.length);
  for (let i = 0; i < count; i++)
    for (let k = 0; k < size; k++) apart[k * count + i] = row[i * size + (isBigEndian ? k : size - 1 - k)] as number;
  return Buffer.from(apart.map((value, i) => value - (apart[i - bands] ?? 0)));
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
