import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';

/** Random access to the bytes of an upload. */
export interface ByteSource {
  readonly size: number;
  /** Returns the bytes from `start` on; fewer than `length` only at the end. */
  read(start: number, length: number): Promise<Buffer>;
  /** `end` is inclusive. */
  stream(start?: number, end?: number): Promise<Readable>;
}

/** Returns the bytes of a local file. It is opened for each read, so that nothing has to be closed. */
export function fileSource(path: string, size: number): ByteSource {
  return {
    size,
    async read(start, length) {
      const wanted = Math.max(0, Math.min(length, size - start));
      const bytes = Buffer.allocUnsafe(wanted);
      const file = await open(path);
      try {
        let filled = 0;
        while (filled < wanted) {
          const { bytesRead } = await file.read(bytes, filled, wanted - filled, start + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return bytes.subarray(0, filled);
      } finally {
        await file.close();
      }
    },
    stream(start = 0, end = size - 1) {
      return Promise.resolve(end < start ? Readable.from([]) : createReadStream(path, { start, end }));
    },
  };
}

/** Bytes that are read ahead while reads follow each other. */
const WINDOW = 4 * 1024 ** 2;
/** Bytes between two reads that still follow each other: headers and descriptors of entries. */
const MAX_GAP = 64 * 1024;

/**
 * Reads ahead while reads follow each other, because each read of a bucket is a request. Other reads get what they ask
 * for, because a table may name entries in any order.
 */
export class ReadAhead implements ByteSource {
  readonly size: number;
  private start = 0;
  private window: Buffer = Buffer.alloc(0);
  private expected = 0;

  constructor(private readonly source: ByteSource) {
    this.size = source.size;
  }

  async read(start: number, length: number): Promise<Buffer> {
    const end = Math.min(start + length, this.size);
    if (end <= start) return Buffer.alloc(0);
    const follows = start >= this.expected && start - this.expected <= MAX_GAP;
    this.expected = end;
    if (start < this.start || end > this.start + this.window.length) {
      if (!follows || end - start > WINDOW) return this.source.read(start, end - start);
      this.window = await this.source.read(start, WINDOW);
      this.start = start;
    }
    return this.window.subarray(start - this.start, end - this.start);
  }

  stream(start?: number, end?: number): Promise<Readable> {
    return this.source.stream(start, end);
  }
}
