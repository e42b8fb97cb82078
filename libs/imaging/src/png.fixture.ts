/**
 * A writer and a reader of grayscale PNG files with nothing but zlib, as the specification has them, so that tests of
 * pixels do not ask libvips whether libvips is right.
 */
import { deflateSync, inflateSync } from 'node:zlib';
import { chunk } from './fixtures.fixture.js';

/** One channel of 8 or 16 bits, row by row. */
export interface GrayPixels {
  readonly width: number;
  readonly height: number;
  readonly values: Uint16Array;
}

export interface PngOptions {
  readonly interlaced?: boolean;
  /** Whole ones, for the place between header and pixels. */
  readonly chunks?: readonly Buffer[];
}

/** First column and row of each pass, and the steps to the next. */
const WHOLE = [[0, 0, 1, 1]] as const;
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

/** A PNG of 16 bits; the rows have no filter. */
export function writePng16({ width, height, values }: GrayPixels, options: PngOptions = {}): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([16, 0, 0, 0, options.interlaced === true ? 1 : 0], 8);
  const rows: Buffer[] = [];
  for (const { columns, at } of rowsOf(width, height, options.interlaced === true)) {
    const row = Buffer.alloc(1 + 2 * columns);
    for (let i = 0; i < columns; i++) row.writeUInt16BE(values[at(i)] as number, 1 + 2 * i);
    rows.push(row);
  }
  const pixels = chunk('IDAT', deflateSync(Buffer.concat(rows), { level: 1 }));
  return Buffer.concat([SIGNATURE, chunk('IHDR', header), ...(options.chunks ?? []), pixels, chunk('IEND')]);
}

/** Of a whole grayscale PNG of 8 or 16 bits; whatever it says beside its pixels is left out. */
export function readPng(bytes: Buffer): GrayPixels & { readonly bits: number } {
  const header = bytes.subarray(16, 29);
  const [width, height, bits] = [header.readUInt32BE(0), header.readUInt32BE(4), header.readUInt8(8)];
  if (header[9] !== 0) throw new Error('It is not grayscale.');
  const sample = bits / 8;
  const values = new Uint16Array(width * height);
  const stream = inflateSync(Buffer.concat(dataOf(bytes)));
  let above: Buffer = Buffer.alloc(0);
  let from = 0;
  for (const { columns, first, at } of rowsOf(width, height, header[12] === 1)) {
    const row = Buffer.from(stream.subarray(from + 1, from + 1 + columns * sample));
    unfilter(stream[from] as number, row, first ? Buffer.alloc(row.length) : above, sample);
    for (let i = 0; i < columns; i++) values[at(i)] = row.readUIntBE(i * sample, sample);
    from += 1 + row.length;
    above = row;
  }
  if (from !== stream.length) throw new Error('It has more or less data than pixels.');
  return { width, height, bits, values };
}

/** Rows in their order in the file: how many pixels, whether it is a pass's first, and where its pixels belong. */
function* rowsOf(width: number, height: number, interlaced: boolean) {
  for (const [left, top, right, down] of interlaced ? ADAM7 : WHOLE) {
    const columns = Math.ceil((width - left) / right);
    // A picture of few pixels leaves passes without any.
    if (columns <= 0) continue;
    for (let y = top; y < height; y += down) {
      yield { columns, first: y === top, at: (i: number) => y * width + left + i * right };
    }
  }
}

function dataOf(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = SIGNATURE.length; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (type === 'IDAT') found.push(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)));
  }
  return found;
}

function unfilter(filter: number, row: Buffer, above: Buffer, sample: number): void {
  for (let i = 0; i < row.length; i++) {
    const left = i < sample ? 0 : (row[i - sample] as number);
    const up = above[i] as number;
    const corner = i < sample ? 0 : (above[i - sample] as number);
    const prediction = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
    if (prediction === undefined) throw new Error(`There is no filter ${filter}.`);
    row[i] = (row[i] as number) + prediction;
  }
}

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner;
  const distances = [left, up, corner].map((value) => Math.abs(estimate - value));
  const nearest = Math.min(...distances);
  return [left, up, corner][distances.indexOf(nearest)] as number;
}

/** An ICC profile of gray with this gamma: as little of one as color management takes. */
export function grayProfile(gamma: number): Buffer {
  const d50 = [0xf6d6, 0x10000, 0xd32d];
  const profile = Buffer.alloc(192);
  profile.writeUInt32BE(profile.length, 0);
  profile.writeUInt32BE(0x02400000, 8);
  profile.write('mntrGRAYXYZ ', 12, 'latin1');
  profile.write('acsp', 36, 'latin1');
  d50.forEach((value, i) => profile.writeUInt32BE(value, 68 + 4 * i));
  // Two tags: name, place, length.
  profile.writeUInt32BE(2, 128);
  profile.write('wtpt', 132, 'latin1');
  [156, 20].forEach((value, i) => profile.writeUInt32BE(value, 136 + 4 * i));
  profile.write('kTRC', 144, 'latin1');
  [176, 14].forEach((value, i) => profile.writeUInt32BE(value, 148 + 4 * i));
  profile.write('XYZ ', 156, 'latin1');
  d50.forEach((value, i) => profile.writeUInt32BE(value, 164 + 4 * i));
  profile.write('curv', 176, 'latin1');
  profile.writeUInt32BE(1, 184);
  profile.writeUInt16BE(Math.round(gamma * 256), 188);
  return profile;
}
