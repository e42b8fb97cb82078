import { crc32 } from 'node:zlib';
import { MAX_PNG_INTEGER } from './png-header.js';
import { broken, unsupported } from './refusal.js';

/** https://www.w3.org/TR/png-3/#5PNG-file-signature */
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const HEAD_BYTES = 8;
const CHECKSUM_BYTES = 4;
/** A slice is still in the processor's cache when it is copied, having been summed up. */
const SLICE_BYTES = 64 * 1024;

export type ChunkPart =
  | { readonly kind: 'start'; readonly type: string; readonly length: number }
  /** A view of what was read: valid until the next part is asked for. */
  | { readonly kind: 'data'; readonly type: string; readonly bytes: Uint8Array }
  /** All data is there and its checksum is right. */
  | { readonly kind: 'end'; readonly type: string };

/**
 * The chunks of a PNG, parsed while its bytes come in pieces of any size: https://www.w3.org/TR/png-3/#5Chunk-layout
 * Knows how chunks are framed, and that `IEND` is the last; what they mean is for others. Keeps 8 bytes.
 */
export class PngChunks {
  #phase: 'signature' | 'head' | 'data' | 'checksum' | 'ended' = 'signature';
  /** The beginning of a signature, head or checksum, of which the rest is still to come. */
  readonly #field = new Uint8Array(HEAD_BYTES);
  readonly #view = new DataView(this.#field.buffer);
  #filled = 0;
  #type = '';
  /** The same as a number. */
  #typeCode = -1;
  #typeCrc = 0;
  #left = 0;
  #crc = 0;

  /**
   * Parts as soon as they are there.
   *
   * @throws DomainError UNSUPPORTED_MEDIA_TYPE (not a PNG), INVALID_ARGUMENT (broken)
   */
  *read(bytes: Uint8Array): Generator<ChunkPart> {
    let at = 0;
    while (at < bytes.length) {
      if (this.#phase === 'ended') throw broken('trailing_bytes', 'There are bytes behind the end of the PNG.');
      if (this.#phase === 'data') {
        const data = bytes.subarray(at, at + Math.min(this.#left, SLICE_BYTES));
        at += data.length;
        this.#left -= data.length;
        this.#crc = crc32(data, this.#crc);
        if (this.#left === 0) this.#phase = 'checksum';
        yield { kind: 'data', type: this.#type, bytes: data };
      } else {
        this.#field[this.#filled++] = bytes[at++] as number;
        if (this.#phase === 'signature') this.#signature();
        else if (this.#phase === 'head' && this.#filled === HEAD_BYTES) yield this.#head();
        else if (this.#phase === 'checksum' && this.#filled === CHECKSUM_BYTES) yield this.#checksum();
      }
    }
  }

  /** @throws DomainError INVALID_ARGUMENT unless what was read is whole */
  end(): void {
    if (this.#phase === 'signature' && this.#filled === 0) throw broken('empty', 'The PNG is empty.');
    if (this.#phase !== 'ended') throw broken('cut_short', 'The PNG is cut short.');
  }

  /** Each byte by itself, so that a short text is refused as a text and not as a PNG that was cut. */
  #signature(): void {
    const last = this.#filled - 1;
    if (this.#field[last] !== SIGNATURE[last]) throw unsupported('not_png', 'The file is not a PNG.');
    if (this.#filled === SIGNATURE.length) this.#expect('head');
  }

  #head(): ChunkPart {
    const length = this.#view.getUint32(0);
    this.#readType();
    if (length > MAX_PNG_INTEGER) throw broken('chunk', 'The PNG has a chunk that is longer than PNG allows.');
    this.#left = length;
    this.#crc = this.#typeCrc;
    this.#expect(length > 0 ? 'data' : 'checksum');
    return { kind: 'start', type: this.#type, length };
  }

  #readType(): void {
    const type = this.#view.getUint32(4);
    // Image data comes in thousands of chunks, which an enemy makes hundreds of thousands: once for all in a row.
    if (type === this.#typeCode) return;
    const letters = this.#field.subarray(4);
    if (!letters.every(isLetter)) throw broken('chunk', 'The PNG has a chunk whose type is not of letters.');
    this.#typeCode = type;
    this.#type = String.fromCharCode(...letters);
    this.#typeCrc = crc32(letters);
  }

  #checksum(): ChunkPart {
    if (this.#view.getUint32(0) !== this.#crc) throw broken('checksum', 'The PNG has a chunk with a wrong checksum.');
    this.#expect(this.#type === 'IEND' ? 'ended' : 'head');
    return { kind: 'end', type: this.#type };
  }

  #expect(phase: 'head' | 'data' | 'checksum' | 'ended'): void {
    this.#phase = phase;
    this.#filled = 0;
  }
}

function isLetter(byte: number): boolean {
  // 0x20 is what lower case adds.
  return (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
}

/** Whether a decoder may go on without knowing this type: https://www.w3.org/TR/png-3/#5Chunk-naming-conventions */
export function isAncillary(type: string): boolean {
  return (type.charCodeAt(0) & 0x20) !== 0;
}
