import { decodeEvent, type LoggedEvent } from './event-protobuf.js';
import { MAX_EVENT_BYTES, RecordReader, type RecordItem } from './record-reader.js';
import { TooManyElements } from './repeated-fields.js';

/** What stands in an event file. `end` is the offset in the file after it, in bytes. */
export type EventFileItem =
  | { kind: 'event'; event: LoggedEvent; end: number }
  | Exclude<RecordItem, { kind: 'record' }>
  /** A record that has more than `most` elements of a field of an Event. It is not decoded. */
  | { kind: 'too-many'; field: string; most: number; end: number }
  /** A record from `at` on whose checksums are right and which is not an Event. Nothing follows this item. */
  | { kind: 'not-an-event'; at: number };

/**
 * Reads the events of one file while its bytes arrive in pieces of any size. Reading ends at the first damaged record and at
 * the first one that is not an Event; what was read before stays valid.
 */
export class EventFileReader {
  readonly #records: RecordReader;
  #ended = false;

  constructor(offset = 0, maxBytes = MAX_EVENT_BYTES) {
    this.#records = new RecordReader(offset, maxBytes);
  }

  /** The offset after the last whole record: where another reader goes on. */
  get offset(): number {
    return this.#records.offset;
  }

  /** The checksum in the four bytes before `offset`. Undefined before the first whole record. */
  get lastChecksum(): number | undefined {
    return this.#records.lastChecksum;
  }

  /** The size that the file needs for the record under way, or undefined if its header is not complete. */
  get awaitedEnd(): number | undefined {
    return this.#records.awaitedEnd;
  }

  *push(piece: Uint8Array): Generator<EventFileItem> {
    if (this.#ended) return;
    let at = this.#records.offset;
    for (const item of this.#records.push(piece)) {
      const read = item.kind === 'record' ? eventOf(item, at) : item;
      at = this.#records.offset;
      this.#ended = read.kind === 'damaged' || read.kind === 'not-an-event';
      yield read;
      if (this.#ended) return;
    }
  }
}

function eventOf({ data, end }: { data: Uint8Array; end: number }, at: number): EventFileItem {
  try {
    return { kind: 'event', event: decodeEvent(data), end };
  } catch (error) {
    if (error instanceof TooManyElements) return { kind: 'too-many', field: error.field, most: error.most, end };
    return { kind: 'not-an-event', at };
  }
}
