import { rangeOfIntegers, seenRange } from './sample-range.js';
import { cutOff, damaged } from './undecodable.js';

/** What the header of a PPM or PGM claims. */
export interface PortableMapHeader {
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  /** Gray, or R, G and B. */
  readonly channels: 1 | 3;
  /** The sample that is shown as white, at most 65,535. From 256 on, binary samples take two bytes. */
  readonly maxValue: number;
  /** Whether samples are written in decimal digits. */
  readonly isText: boolean;
  /** Where the samples begin. */
  readonly dataAt: number;
}

/** 8 bits a channel, row by row from the top. */
export interface PortableMap {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** The second byte of the file: the digits 2, 3, 5 and 6. */
const KINDS = new Map<number | undefined, Pick<PortableMapHeader, 'channels' | 'isText'>>([
  [0x32, { channels: 1, isText: true }],
  [0x33, { channels: 3, isText: true }],
  [0x35, { channels: 1, isText: false }],
  [0x36, { channels: 3, isText: false }],
]);

const MAX_SAMPLE = 0xffff;
/** Digits of a number of the header at most. */
const MAX_DIGITS = 10;

/**
 * Reads and checks the header of a PPM or PGM. Nothing is allocated for what it claims.
 *
 * Source: https://netpbm.sourceforge.net/doc/ppm.html and pgm.html. Comments are read as netpbm does: wherever white space may be.
 *
 * @param bytes begin with the signature, see `sniffMediaType`
 * @throws DomainError UNDECODABLE_IMAGE
 */
export function readPortableMapHeader(bytes: Uint8Array): PortableMapHeader {
  const kind = KINDS.get(bytes[1]);
  if (!kind) throw damaged();
  let at = 2;
  const next = (): number => {
    const start = skipBlanks(bytes, at);
    at = endOfDigits(bytes, start);
    if (at === start || at - start > MAX_DIGITS) throw damaged();
    return numberAt(bytes, start, at);
  };
  const [width, height, maxValue] = [next(), next(), next()];
  if (width === 0 || height === 0 || maxValue === 0 || maxValue > MAX_SAMPLE) throw damaged();
  // One blank, or a comment with its line end, ends the last number. Whatever follows is a sample, even if it looks like a blank.
  const dataAt = bytes[at] === HASH ? endOfLine(bytes, at) + 1 : at + 1;
  if (at < bytes.length && bytes[at] !== HASH && !isBlank(bytes[at])) throw damaged();
  return { width, height, maxValue, ...kind, dataAt };
}

/**
 * Throws UNDECODABLE_IMAGE if the file ends before its last binary sample. Text is checked while it is read. What follows the
 * last sample is ignored: it may be another image.
 */
export function checkPortableMapLength({ isText, dataAt, ...header }: PortableMapHeader, bytes: Uint8Array): void {
  if (isText) return;
  const expected = samplesOf(header) * (header.maxValue > 0xff ? 2 : 1);
  if (bytes.length < dataAt + expected) throw cutOff(Math.max(0, bytes.length - dataAt) / expected);
}

/**
 * Decodes a PPM or PGM, which sharp's build does not read. Loops hold the thread for up to two seconds at 50 megapixels.
 *
 * @param bytes a file whose header has been checked, see `readImageHeader`
 * @throws DomainError UNDECODABLE_IMAGE
 */
export function decodePortableMap(bytes: Uint8Array): PortableMap {
  const header = readPortableMapHeader(bytes);
  checkPortableMapLength(header, bytes);
  const { width, height, channels, maxValue, isText } = header;
  const samples = isText ? textSamples(bytes, header) : binarySamples(bytes, header);
  return { data: maxValue === 0xff ? (samples as Uint8Array) : to8Bits(samples, maxValue), width, height, channels };
}

type Samples = Uint8Array | Uint16Array;

const samplesOf = ({ width, height, channels }: Pick<PortableMapHeader, 'width' | 'height' | 'channels'>): number =>
  width * height * channels;

function binarySamples(bytes: Uint8Array, header: PortableMapHeader): Samples {
  const { dataAt, maxValue } = header;
  const count = samplesOf(header);
  if (maxValue <= 0xff) return bytes.subarray(dataAt, dataAt + count);
  const samples = new Uint16Array(count);
  for (let i = 0, at = dataAt; i < count; i++, at += 2)
    samples[i] = ((bytes[at] as number) << 8) | (bytes[at + 1] ?? 0);
  return samples;
}

function textSamples(bytes: Uint8Array, header: PortableMapHeader): Samples {
  const { dataAt, maxValue } = header;
  const count = samplesOf(header);
  // A sample takes two bytes, with what separates it from the next: no more memory than the file has samples for.
  const room = Math.min(count, Math.ceil((bytes.length - dataAt + 1) / 2));
  const samples = maxValue <= 0xff ? new Uint8Array(room) : new Uint16Array(room);
  let at = dataAt;
  for (let i = 0; i < count; i++) {
    const start = skipBlanks(bytes, at);
    if (start >= bytes.length) throw cutOff(i / count);
    at = endOfDigits(bytes, start);
    if (at === start) throw damaged();
    samples[i] = Math.min(numberAt(bytes, start, at), maxValue);
  }
  return samples;
}

/** As ADR 19 says of other files: of more than 8 bits, the range that is used is shown if it is a small one. */
function to8Bits(samples: Samples, maxValue: number): Uint8Array {
  const possible = { black: 0, white: maxValue };
  const isWide = maxValue > 0xff;
  const { black, white } = isWide
    ? rangeOfIntegers(seenRange([{ data: samples, offset: 0, stride: 1 }]), possible)
    : possible;
  const out = new Uint8ClampedArray(samples.length);
  for (let i = 0; i < samples.length; i++) out[i] = (255 * ((samples[i] as number) - black)) / (white - black);
  return new Uint8Array(out.buffer);
}

const HASH = 0x23;

/** Blank, tab, line feed, vertical tab, form feed, carriage return. */
const isBlank = (byte: number | undefined): boolean => byte === 0x20 || (byte !== undefined && byte >= 9 && byte <= 13);

/** Returns where the next character is that is neither blank nor part of a comment. */
function skipBlanks(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    if (isBlank(bytes[at])) at += 1;
    else if (bytes[at] === HASH) at = endOfLine(bytes, at);
    else return at;
  }
}

function endOfLine(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== 0x0a && bytes[at] !== 0x0d) at += 1;
  return at;
}

function endOfDigits(bytes: Uint8Array, from: number): number {
  let at = from;
  while ((bytes[at] ?? 0) >= 0x30 && (bytes[at] ?? 0) <= 0x39) at += 1;
  return at;
}

function numberAt(bytes: Uint8Array, from: number, end: number): number {
  let value = 0;
  for (let at = from; at < end; at++) value = value * 10 + (bytes[at] as number) - 0x30;
  return value;
}
