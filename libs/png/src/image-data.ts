import { createInflate, type Inflate } from 'node:zlib';
import type { Pass } from './png-header.js';
import { broken } from './refusal.js';
import { RowCheck, tooFewRows } from './row-check.js';

/** Compressed bytes per hand-over to the thread pool: a quarter of it took a third longer, four times as much no less. */
export const BATCH_BYTES = 256 * 1024;
/** Inflated bytes per answer. Each costs a hand-over, too: a quarter of it took a tenth longer. */
export const OUTPUT_BYTES = 1024 * 1024;
/** For a tiny image, so that useless blocks do not cost a hand-over for every few of their bytes. */
const MIN_BATCH_BYTES = 16 * 1024;

/**
 * Inflates image data in the thread pool while it comes, and keeps nothing of it: one buffer is inflated while the
 * other is filled.
 *
 * Batches end at the same bytes of a file however it came in pieces, and damage in a batch is reported before
 * whatever is found behind it. So the same file gives the same error every time.
 */
export class ImageData {
  readonly #rows: RowCheck;
  readonly #inflate: Inflate;
  readonly #batchBytes: number;
  #batch: Uint8Array;
  /** The other buffer, made when there is a second batch. */
  #other: Uint8Array | undefined;
  #filled = 0;
  #handedOver = 0;
  #failure: Error | undefined;
  #running: Promise<void> = Promise.resolve();
  #reject: (error: Error) => void = () => undefined;

  constructor(passes: readonly Pass[]) {
    this.#rows = new RowCheck(passes);
    const { promised } = this.#rows;
    this.#batchBytes = Math.min(BATCH_BYTES, Math.max(MIN_BATCH_BYTES, promised));
    this.#batch = new Uint8Array(this.#batchBytes);
    // A right answer leaves one byte free, so that no further one is asked for. 64 is the least that zlib takes.
    this.#inflate = createInflate({ chunkSize: Math.min(OUTPUT_BYTES, Math.max(64, promised + 1)) });
    reuseOutput(this.#inflate, (bytes) => this.#inflated(bytes));
    this.#inflate.on('error', (error) => this.#failed(asRefusal(error)));
  }

  /**
   * Takes compressed bytes, which may be written over afterwards. Waits while both buffers are in use; without a
   * promise there was room, which spares a file of many tiny chunks a turn for each.
   *
   * @throws DomainError INVALID_ARGUMENT for this or an earlier batch
   */
  write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#filled + bytes.length >= this.#batchBytes) return this.#writeBatches(bytes);
    this.#keep(bytes);
    return undefined;
  }

  /** There is no more to come. What that means is told by `settled`. Rejects as `write` does. */
  async end(): Promise<void> {
    await this.#handOver(true);
  }

  /** All that was handed over is inflated, and right. Rejects as `write` does. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** Damage that is known by now. */
  throwIfFailed(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Frees everything, at once or when the thread pool is done with it. A promise that is still open stays open. */
  destroy(): void {
    this.#inflate.destroy();
  }

  async #writeBatches(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const taken = bytes.subarray(at, at + this.#batchBytes - this.#filled);
      this.#keep(taken);
      at += taken.length;
      if (this.#filled === this.#batchBytes) await this.#handOver(false);
    }
  }

  #keep(bytes: Uint8Array): void {
    this.#batch.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  async #handOver(last: boolean): Promise<void> {
    await this.#running;
    const batch = this.#batch.subarray(0, this.#filled);
    this.#handedOver += this.#filled;
    this.#filled = 0;
    this.#running = new Promise((resolve, reject) => {
      this.#reject = reject;
      const finished = () => {
        this.#checkConsumed(last);
        if (this.#failure) reject(this.#failure);
        else resolve();
      };
      if (last) this.#inflate.once('end', finished).end(batch);
      else this.#inflate.write(batch, finished);
    });
    // The next caller gets the error. Until then it is unhandled, which must not end the process.
    this.#running.catch(() => undefined);
    if (!last) [this.#batch, this.#other] = [this.#other ?? new Uint8Array(this.#batchBytes), this.#batch];
  }

  #inflated(bytes: Uint8Array): void {
    try {
      this.#rows.take(bytes);
    } catch (error) {
      this.#failed(error as Error);
      // Now, and not at the end of the batch, which may inflate to a thousand times its size.
      this.#inflate.destroy();
    }
  }

  /** zlib stops reading where its stream ends, without a word about the rest. */
  #checkConsumed(last: boolean): void {
    try {
      if (this.#inflate.bytesWritten < this.#handedOver) {
        throw broken('image_data', 'The PNG has bytes behind the end of its image data.');
      }
      if (last) this.#rows.end();
    } catch (error) {
      this.#failed(error as Error);
    }
  }

  /** The first damage counts. */
  #failed(error: Error): void {
    this.#failure ??= error;
    this.#reject(this.#failure);
  }
}

/**
 * Gives each piece of output away at once, and uses its buffer again. A stream of Node's allocates another one for each:
 * 8 MB for one radiograph, whose collection took as much time as inflating it. The member is Node's own; where it is
 * called otherwise, this costs that time and no more.
 */
function reuseOutput(inflate: Inflate & { _outBuffer?: Buffer }, take: (bytes: Uint8Array) => void): void {
  const push = inflate.push.bind(inflate);
  inflate.push = (bytes: Uint8Array | null) => {
    if (bytes === null) return push(null);
    take(bytes);
    return true;
  };
  // The stream has no reader, and emits its end only if it flows.
  inflate.resume();
  const { _outBuffer: buffer } = inflate;
  if (buffer) Object.defineProperty(inflate, '_outBuffer', { get: () => buffer, set: () => undefined });
}

function asRefusal(error: Error & { code?: unknown }): Error {
  // "unexpected end of file": the stream is fine as far as it goes.
  if (error.code === 'Z_BUF_ERROR') return tooFewRows(error);
  if (error.code === 'Z_DATA_ERROR' || error.code === 'Z_NEED_DICT') {
    return broken('image_data', 'The image data of the PNG is damaged.', error);
  }
  // Want of memory, or a defect: it says nothing about the file.
  return error;
}
