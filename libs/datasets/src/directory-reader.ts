import { PassThrough, type Readable } from 'node:stream';
import { RandomAccessReader } from 'yauzl';
import type { ByteSource } from './byte-source.js';

type ReadCallback = (error: Error | null, bytesRead?: number) => void;

/** Lets yauzl read a central directory from a `ByteSource`, and records which part of the archive it has read. */
export class DirectoryReader extends RandomAccessReader {
  /** Offset of the first record. `startDirectory` resets it. */
  directoryStart = 0;
  private directoryEnd = 0;
  private started = false;
  private failure: unknown;

  constructor(private readonly source: ByteSource) {
    super();
  }

  /** The next read is that of the first record of the directory. */
  startDirectory(): void {
    this.started = false;
  }

  /** Returns whether `error` is a failed read, which says nothing about the archive. */
  failed(error: unknown): boolean {
    return error === this.failure;
  }

  /** Returns whether the bytes behind the last record have this signature. */
  async isFollowedBy(signature: number): Promise<boolean> {
    const next = await this.source.read(this.directoryEnd, 4);
    return next.length === 4 && next.readUInt32LE() === signature;
  }

  override read(buffer: Buffer, offset: number, length: number, position: number, callback: ReadCallback): void {
    if (!this.started) this.directoryStart = position;
    this.started = true;
    this.directoryEnd = position + length;
    const inside = Number.isSafeInteger(position) && position >= 0 && position + length <= this.source.size;
    if (!inside) return void setImmediate(callback, null, 0);
    this.source.read(position, length).then(
      (bytes) => callback(null, bytes.copy(buffer, offset)),
      (error: unknown) => {
        this.failure = error;
        callback(error as Error);
      },
    );
  }

  /** Entries are read by `archive-entry.ts`. */
  override _readStreamForRange(): Readable {
    return new PassThrough().end();
  }

  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }
}
