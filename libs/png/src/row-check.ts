import type { Pass } from './png-header.js';
import { broken } from './refusal.js';

/** https://www.w3.org/TR/png-3/#9Filter-types */
const MAX_FILTER_TYPE = 4;

/** Holds inflated image data to what the header promised: as many bytes, and a known filter type before each row. */
export class RowCheck {
  /** Bytes that the header promises. */
  readonly promised: number;
  readonly #passes: readonly Pass[];
  #received = 0;
  /** Where the next row begins, among all bytes. */
  #nextRow = 0;
  #pass = 0;
  #rowsOfPass = 0;

  constructor(passes: readonly Pass[]) {
    this.#passes = passes;
    this.promised = passes.reduce((sum, { rows, rowBytes }) => sum + rows * rowBytes, 0);
  }

  /**
   * The next inflated bytes, of which nothing is kept.
   *
   * @throws DomainError INVALID_ARGUMENT
   */
  take(bytes: Uint8Array): void {
    const end = this.#received + bytes.length;
    for (let pass = this.#passes[this.#pass]; pass && this.#nextRow < end; pass = this.#passes[this.#pass]) {
      if ((bytes[this.#nextRow - this.#received] as number) > MAX_FILTER_TYPE) {
        throw broken('filter_type', 'The PNG has a row with a filter type that PNG does not know.');
      }
      this.#nextRow += pass.rowBytes;
      this.#rowsOfPass += 1;
      if (this.#rowsOfPass === pass.rows) {
        this.#pass += 1;
        this.#rowsOfPass = 0;
      }
    }
    this.#received = end;
    if (end > this.promised) throw broken('image_data', 'The PNG has more image data than its header promises.');
  }

  /** @throws DomainError INVALID_ARGUMENT when rows are missing */
  end(): void {
    if (this.#received < this.promised) throw tooFewRows();
  }
}

export function tooFewRows(cause?: unknown): Error {
  return broken('image_data', 'The PNG has less image data than its header promises.', cause);
}
