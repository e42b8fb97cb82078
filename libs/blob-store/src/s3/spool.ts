import { createHash, randomBytes } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { BlobSource, PutOptions } from '../blob-store.js';
import { receiveSource, type ReceivedSource } from '../receive-source.js';
import { storage } from '../storage-error.js';

/** Bytes of a source that are kept in memory until its hash is known; more go to a file. */
export const SPOOL_MEMORY_BYTES = 1024 * 1024;

const READ_BYTES = 256 * 1024;

/**
 * The bytes of a source, kept until they have been sent: the name of a blob is known only after its last byte. `discard`
 * it in every case.
 *
 * The file loses its name as soon as it is open: whatever happens to the process, nothing is left. It is in the
 * directory for temporary files, which needs room for the uploads that are going on (`TMPDIR` sets another one).
 */
export class Spool implements ReceivedSource {
  private constructor(
    readonly sha256: string,
    readonly size: number,
    readonly head: Buffer,
    private readonly content: Buffer | FileHandle,
  ) {}

  static async receive(source: BlobSource, options: PutOptions): Promise<Spool> {
    if (source instanceof Uint8Array) {
      const { sha256, size, head } = await receiveSource(source, options, async () => undefined);
      return new Spool(sha256, size, head, Buffer.from(source.buffer, source.byteOffset, source.byteLength));
    }
    let chunks: Uint8Array[] = [];
    let bytes = 0;
    let file: FileHandle | undefined;
    const write = async (received: readonly Uint8Array[], size: number) => {
      chunks.push(...received);
      bytes += size;
      if (file === undefined && bytes <= SPOOL_MEMORY_BYTES) return;
      await storage(async () => {
        file ??= await openUnnamed();
        for (const each of chunks) await file.writeFile(each);
      });
      chunks = [];
    };
    try {
      const { sha256, size, head } = await receiveSource(source, options, write);
      return new Spool(sha256, size, head, file ?? Buffer.concat(chunks));
    } catch (error) {
      await file?.close().catch(() => undefined);
      throw error;
    }
  }

  /** Lends the bytes from `start` up to `end`, which is not among them. */
  async withBody<T>(start: number, end: number, use: (body: Buffer | Readable) => Promise<T>): Promise<T> {
    if (Buffer.isBuffer(this.content)) return use(this.content.subarray(start, end));
    const stream = this.#stream(this.content, start, end);
    try {
      return await use(stream);
    } finally {
      // A request that has failed leaves it half-read.
      stream.destroy();
    }
  }

  /** SHA-256 of a part, in base64 as S3 wants it. A second pass over the file costs less than a second hash of all. */
  async checksum(start: number, end: number): Promise<string> {
    const hash = createHash('sha256');
    if (Buffer.isBuffer(this.content)) return hash.update(this.content.subarray(start, end)).digest('base64');
    const stream = this.#stream(this.content, start, end);
    await storage(async () => {
      for await (const chunk of stream) hash.update(chunk as Buffer);
    });
    return hash.digest('base64');
  }

  async discard(): Promise<void> {
    if (!Buffer.isBuffer(this.content)) await this.content.close().catch(() => undefined);
  }

  #stream(file: FileHandle, start: number, end: number): Readable {
    // Not the handle's own stream, which closes it when it is destroyed.
    return Readable.from(chunksOf(file, start, end), { objectMode: false, highWaterMark: READ_BYTES });
  }
}

async function* chunksOf(file: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
  for (let at = start; at < end;) {
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, end - at));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    // Someone else has cut the file, which cannot happen to one without a name.
    if (bytesRead === 0) throw new Error('the spool is shorter than what was received');
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function openUnnamed(): Promise<FileHandle> {
  const path = join(tmpdir(), `pentaprism-spool-${randomBytes(16).toString('hex')}`);
  const handle = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}
