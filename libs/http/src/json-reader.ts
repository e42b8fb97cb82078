import { DomainError } from '@pentaprism/domain';
import { randomBytes } from 'node:crypto';
import { Base64Error, readBase64 } from './base64.js';
import { decodeUtf8 } from './utf8.js';

/** Bytes of memory for each byte of a body that is parsed: its pieces, the buffer and the text of them, and the values. */
export const TEXT_COST = 4;
/**
 * The same for a long string with a backslash or a space in it: its pieces, their sum, its text before and after it is
 * parsed and without line breaks, and its bytes. Such strings are decoded one after the other.
 */
const ESCAPED_COST = 6;
/** Bytes of a string that is worth being kept apart: a picture in base64. */
const LIFTED_FROM = 4096;
/** Stands for a string that was lifted out. Clients cannot guess it. */
const MARK = randomBytes(12).toString('hex');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

/** A long string of a JSON body, as the pieces that it came in. */
export class LiftedText {
  constructor(private pieces: readonly Buffer[]) {}

  /** Bytes of the text as it was written. */
  get size(): number {
    return this.pieces.reduce((sum, { length }) => sum + length, 0);
  }

  /** Lets go of the pieces. */
  drop(): void {
    this.pieces = [];
  }

  /** Returns the text, and lets go of the pieces, so that one picture after another can be. */
  take(): string {
    const bytes = Buffer.concat(this.pieces);
    this.pieces = [];
    if (!bytes.includes(BACKSLASH)) return decodeUtf8(bytes);
    // Some write `\/` for the slashes of base64, and `\u002B` for its plus signs.
    return parse(`"${decodeUtf8(bytes)}"`) as string;
  }

  /**
   * Returns the bytes of base64, as `readBase64` does, and lets go of one piece after the other. The text is never a string
   * as a whole: megabytes of strings stay in memory until a full garbage collection.
   *
   * @throws Base64Error
   */
  takeBase64(): Buffer {
    const pieces = this.pieces;
    if (pieces.some(needsParsing)) return readBase64(this.take());
    const decoded = Buffer.allocUnsafe(Math.ceil((this.size / 4) * 3));
    this.pieces = [];
    let [size, rest] = [0, ''];
    for (const [i, piece] of pieces.entries()) {
      const text = rest + piece.toString('latin1').replace(/[\t\r\n]+/g, '');
      const whole = i === pieces.length - 1 ? text.length : text.length - (text.length % 4);
      rest = text.slice(whole);
      size += writeBase64(decoded, text.slice(0, whole), size, i === pieces.length - 1);
    }
    return decoded.subarray(0, size);
  }
}

/** @returns bytes written */
function writeBase64(target: Buffer, text: string, at: number, last: boolean): number {
  // The decoder also reads the alphabet for URLs, and skips what it cannot read.
  if (text.length % 4 !== 0 || text.includes('-') || text.includes('_')) throw new Base64Error('alphabet');
  const padding = !last ? 0 : text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = (text.length / 4) * 3 - padding;
  if (target.write(text, at, 'base64') !== bytes) throw new Base64Error('alphabet');
  return bytes;
}

/**
 * Reads JSON as it comes. Long strings are cut out on the way and stay the pieces of the body that they were: a body of
 * 128 MB of base64 is in memory once, and what is parsed is the little around it.
 */
export class JsonReader {
  private readonly rest: Buffer[] = [];
  private restSize = 0;
  private readonly lifted: LiftedText[] = [];
  /** Of the string that is being read; undefined between strings. */
  private current: Buffer[] | undefined;
  private currentSize = 0;
  /** Whether it has to be parsed before it is decoded. */
  private escaped = false;
  /** Bytes of the largest string that has to be. */
  private largest = 0;
  /** Backslashes at the end of what there is of it. */
  private backslashes = 0;

  /**
   * @param restLimit bytes of everything but long strings
   * @param members names in lower case: their long values are returned as `LiftedText`, others as strings
   */
  constructor(
    private readonly restLimit: number,
    private readonly members: readonly string[],
  ) {}

  /**
   * Returns the bytes of memory for a body of `size` bytes so far.
   *
   * @param liftedCost bytes for each byte of a long string
   */
  cost(size: number, liftedCost: number): number {
    return size * liftedCost + this.restSize * (TEXT_COST - liftedCost) + this.largest * (ESCAPED_COST - liftedCost);
  }

  /**
   * What lies between long strings is copied in one piece: bodies can have hundreds of thousands of short ones.
   * @throws DomainError PAYLOAD_TOO_LARGE
   */
  write(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) at = this.current ? this.readString(chunk, at) : this.readBetween(chunk, at);
  }

  /** Lets go of everything that was read. */
  drop(): void {
    this.rest.length = 0;
    this.lifted.length = 0;
    this.current = undefined;
  }

  /**
   * Returns the text without its long strings; empty for an empty body.
   * @throws DomainError INVALID_ARGUMENT
   */
  end(): string {
    if (this.current) throw notJson();
    return decodeUtf8(Buffer.concat(this.rest));
  }

  /**
   * Puts the long strings back into what was parsed of the text.
   * @throws DomainError INVALID_ARGUMENT
   */
  restore(value: unknown): unknown {
    return this.lifted.length === 0 ? value : this.putBack(value);
  }

  /** Up to the beginning of a string that is long, or does not end here. */
  private readBetween(chunk: Buffer, from: number): number {
    for (let at = from; ;) {
      const quote = chunk.indexOf(QUOTE, at);
      if (quote === -1) {
        this.keep(chunk.subarray(from));
        return chunk.length;
      }
      const end = endOfString(chunk, quote + 1);
      if (end === -1 || end - quote > LIFTED_FROM) {
        this.keep(chunk.subarray(from, quote + 1));
        [this.current, this.currentSize, this.escaped, this.backslashes] = [[], 0, false, 0];
        return quote + 1;
      }
      at = end + 1;
    }
  }

  /** Keeps one piece per chunk, however many quotes are escaped in it. */
  private readString(chunk: Buffer, from: number): number {
    const end = endOfString(chunk, from, this.backslashes);
    const piece = chunk.subarray(from, end === -1 ? chunk.length : end);
    if (piece.length > 0) this.current?.push(piece);
    this.currentSize += piece.length;
    this.escaped ||= needsParsing(piece);
    if (this.escaped) this.largest = Math.max(this.largest, this.currentSize);
    if (end === -1) {
      this.backslashes = backslashesBefore(chunk, chunk.length, from, this.backslashes);
      return chunk.length;
    }
    this.endString();
    return end + 1;
  }

  private endString(): void {
    const pieces = this.current ?? [];
    this.current = undefined;
    if (this.currentSize < LIFTED_FROM) for (const piece of pieces) this.keep(piece);
    else {
      this.keep(Buffer.from(`${MARK}${this.lifted.length}`));
      this.lifted.push(new LiftedText(pieces));
    }
    this.keep(Buffer.from('"'));
  }

  private keep(piece: Buffer): void {
    this.restSize += piece.length;
    if (this.restSize > this.restLimit)
      throw new DomainError('PAYLOAD_TOO_LARGE', `The body has more than ${this.restLimit} bytes beside images.`);
    // A copy, since a piece of a few bytes would keep the whole one that it was cut out of.
    this.rest.push(Buffer.from(piece));
  }

  /** Pictures stay the pieces that they came in; anything else that is long is text like what is short. */
  private putBack(value: unknown, member = ''): unknown {
    if (typeof value === 'string' && value.startsWith(MARK)) {
      const lifted = this.lifted[Number(value.slice(MARK.length))];
      return this.members.includes(member.toLowerCase()) ? lifted : lifted?.take();
    }
    if (Array.isArray(value)) return value.map((item) => this.putBack(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.putBack(each, name)]));
  }
}

/**
 * Returns the index of the quote that ends a string, or -1 if the string goes on in the next chunk.
 *
 * @param from where the string, or its next piece, begins
 * @param carried backslashes at the end of the piece before
 */
function endOfString(chunk: Buffer, from: number, carried = 0): number {
  const quote = chunk.indexOf(QUOTE, from);
  if (quote === -1 || backslashesBefore(chunk, quote, from, carried) % 2 === 0) return quote;
  // Where one quote is escaped, many can be, and a search for each would cost more than a look at each byte.
  for (let at = quote + 1; at < chunk.length; at++) {
    if (chunk[at] === QUOTE) return at;
    if (chunk[at] === BACKSLASH) at++;
  }
  return -1;
}

/** Counts the backslashes right before `at`, with those of the piece before if there is nothing else since `from`. */
function backslashesBefore(chunk: Buffer, at: number, from: number, carried: number): number {
  let count = 0;
  while (at - count > from && chunk[at - count - 1] === BACKSLASH) count++;
  return at - count === from ? count + carried : count;
}

/** Returns whether a piece cannot be decoded from base64 on its own. */
function needsParsing(piece: Buffer): boolean {
  return piece.includes(BACKSLASH) || piece.includes(SPACE);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notJson();
  }
}

export function notJson(): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'The body is not valid JSON.');
}
