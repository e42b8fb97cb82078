import { crc32c } from '@node-rs/crc32';

/** The largest record that is decoded, in bytes. Longer ones are checked in pieces and left out. */
export const MAX_EVENT_BYTES = 128 * 2 ** 20;

/** Length (8 bytes, little-endian) and its checksum (4) before the data; the checksum of the data (4) after it. */
const HEADER_BYTES = 12;
const FOOTER_BYTES = 4;

/** Added to a rotated checksum, so that a checksum over data that holds checksums stays well distributed (TFRecord). */
const MASK_DELTA = 0xa282ead8;

/** A checksum as it is written into a file: CRC-32C, rotated by 15 bits, plus a constant. */
export function maskedChecksum(checksum: number): number {
  return (((checksum >>> 15) | (checksum << 17)) + MASK_DELTA) >>> 0;
}

/** What stands in a file of records. `end` is the offset in the file after the record, in bytes. */
export type RecordItem =
  /** `data` may be a view of the piece that it arrived in. */
  | { kind: 'record'; data: Uint8Array; end: number }
  /** A record above the limit whose checksums are right. */
  | { kind: 'too-long'; length: number; end: number }
  /** The file is damaged from `at` on. Nothing follows this item. */
  | { kind: 'damaged'; at: number; part: 'length' | 'data' };

interface Header {
  /** Bytes of data. Lengths above 2^53 lose precision, which no file is long enough to notice. */
  length: number;
  end: number;
}

/**
 * Splits a file of TFRecords into records while its bytes arrive in pieces of any size.
 *
 * Nothing is allocated for a length that a record claims: memory grows with the bytes that have arrived, up to `maxBytes`.
 * A reader may begin at any offset that is the end of a record.
 *
 * Format: https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/lib/io/record_writer.h
 */
export class RecordReader {
  /** Pieces of the present header or record that are not yet consumed. */
  #pieces: Uint8Array[] = [];
  #held = 0;
  #header?: Header;
  /** Of a record above the limit: the bytes that have passed the checksum, and its state. */
  #passed = 0;
  #checksum = 0;
  #damaged = false;
  #offset: number;
  /** The checksum that was read last, of a record that may be damaged. */
  #footer?: number;
  #lastChecksum?: number;

  constructor(
    offset = 0,
    private readonly maxBytes = MAX_EVENT_BYTES,
  ) {
    this.#offset = offset;
  }

  /** The offset after the last whole record: where another reader goes on. */
  get offset(): number {
    return this.#offset;
  }

  /** The checksum at the end of the last whole record: the four bytes before `offset`. Undefined before the first record. */
  get lastChecksum(): number | undefined {
    return this.#lastChecksum;
  }

  /** The size that the file needs for the record under way, or undefined if its header is not complete. */
  get awaitedEnd(): number | undefined {
    return this.#header?.end;
  }

  /** Returns the records that this piece completes. */
  *push(piece: Uint8Array): Generator<RecordItem> {
    if (this.#damaged) return;
    this.#hold(piece);
    for (;;) {
      const item = this.#header === undefined ? this.#readHeader() : this.#readRecord(this.#header);
      if (item === undefined) return;
      if (item === 'header') continue;
      if (item.kind === 'damaged') this.#damaged = true;
      else this.#finish(item.end);
      yield item;
      if (this.#damaged) return;
    }
  }

  #finish(end: number): void {
    this.#offset = end;
    this.#lastChecksum = this.#footer;
    this.#header = undefined;
    this.#passed = 0;
    this.#checksum = 0;
  }

  #readHeader(): RecordItem | 'header' | undefined {
    if (this.#held < HEADER_BYTES) return undefined;
    const bytes = this.#take(HEADER_BYTES);
    if (!matches(bytes.subarray(0, 8), viewOf(bytes).getUint32(8, true))) {
      return { kind: 'damaged', at: this.#offset, part: 'length' };
    }
    const length = Number(viewOf(bytes).getBigUint64(0, true));
    this.#header = { length, end: this.#offset + HEADER_BYTES + length + FOOTER_BYTES };
    return 'header';
  }

  #readRecord({ length, end }: Header): RecordItem | undefined {
    if (length > this.maxBytes) return this.#passOver(length, end);
    if (this.#held < length + FOOTER_BYTES) return undefined;
    const data = this.#take(length);
    if (!matches(data, this.#takeFooter())) return { kind: 'damaged', at: this.#offset, part: 'data' };
    return { kind: 'record', data, end };
  }

  #passOver(length: number, end: number): RecordItem | undefined {
    while (this.#passed < length && this.#held > 0) {
      const piece = this.#take(Math.min(this.#pieces[0]?.length ?? 0, length - this.#passed));
      this.#checksum = crc32c(piece, this.#checksum);
      this.#passed += piece.length;
    }
    if (this.#passed < length || this.#held < FOOTER_BYTES) return undefined;
    if (this.#takeFooter() !== maskedChecksum(this.#checksum)) {
      return { kind: 'damaged', at: this.#offset, part: 'data' };
    }
    return { kind: 'too-long', length, end };
  }

  #takeFooter(): number {
    this.#footer = viewOf(this.#take(FOOTER_BYTES)).getUint32(0, true);
    return this.#footer;
  }

  #hold(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#held += piece.length;
  }

  /** Removes the first `count` bytes that are held, without a copy if they lie in one piece. */
  #take(count: number): Uint8Array {
    this.#held -= count;
    const first = this.#pieces[0];
    if (first !== undefined && first.length > count) {
      this.#pieces[0] = first.subarray(count);
      return first.subarray(0, count);
    }
    if (first?.length === count) {
      this.#pieces.shift();
      return first;
    }
    return this.#takeAcross(count);
  }

  #takeAcross(count: number): Uint8Array {
    const taken = new Uint8Array(count);
    let [filled, whole] = [0, 0];
    while (filled < count) {
      const piece = this.#pieces[whole] ?? taken.subarray(count);
      const part = piece.subarray(0, count - filled);
      taken.set(part, filled);
      filled += part.length;
      if (part.length < piece.length) this.#pieces[whole] = piece.subarray(part.length);
      else whole++;
    }
    this.#pieces.splice(0, whole);
    return taken;
  }
}

function matches(data: Uint8Array, checksum: number): boolean {
  return maskedChecksum(crc32c(data)) === checksum;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
