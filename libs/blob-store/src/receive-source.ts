import { createHash } from 'node:crypto';
import { DomainError } from '@pentaprism/domain';
import { type BlobSource, HEAD_BYTES, type PutOptions } from './blob-store.js';
import { sourceChunks } from './source-chunks.js';
import { tooLarge } from './storage-error.js';

/** Chunks are gathered up to this before a write: a slow client may send a byte at a time. */
const WRITE_BYTES = 256 * 1024;
/** Smaller chunks are joined to blocks of this size: each costs some 400 bytes beside its own. */
const BLOCK_BYTES = 16 * 1024;

export interface ReceivedSource {
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** The first `HEAD_BYTES` bytes, fewer when there are fewer. */
  readonly head: Buffer;
}

/**
 * Hashes, counts and writes; refuses a chunk before it is written. Each write is awaited before the next chunk is read.
 * It gets large chunks as they came, since joining them would copy every byte once more.
 * Errors: PAYLOAD_TOO_LARGE, INVALID_ARGUMENT (empty); those of the source and of `write`; the signal's reason.
 */
export async function receiveSource(
  source: BlobSource,
  { maxBytes, allowEmpty = true, signal }: PutOptions,
  write: (chunks: readonly Uint8Array[], bytes: number) => Promise<void>,
): Promise<ReceivedSource> {
  const hash = createHash('sha256');
  let size = 0;
  let head = Buffer.alloc(0);
  let gathered = new Gathered();
  const flush = async () => {
    const { bytes } = gathered;
    const chunks = gathered.end();
    gathered = new Gathered();
    for (const chunk of chunks) {
      hash.update(chunk);
      if (head.length < HEAD_BYTES) head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES - head.length)]);
    }
    if (bytes > 0) await write(chunks, bytes);
  };
  for await (const chunk of sourceChunks(source, signal)) {
    if (!ArrayBuffer.isView(chunk)) throw new TypeError('A blob source has to yield bytes.');
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    gathered.add(chunk);
    if (gathered.bytes >= WRITE_BYTES) await flush();
  }
  await flush();
  signal?.throwIfAborted();
  if (size === 0 && !allowEmpty) throw new DomainError('INVALID_ARGUMENT', 'The body is empty.');
  return { sha256: hash.digest('hex'), size, head };
}

/** Chunks of one write. */
class Gathered {
  bytes = 0;
  private readonly chunks: Uint8Array[] = [];
  /** What is free of the block that small chunks are copied to begins at `used`. */
  private block: Buffer | undefined;
  private used = 0;

  add(chunk: Uint8Array): void {
    this.bytes += chunk.byteLength;
    if (chunk.byteLength >= BLOCK_BYTES) {
      this.endBlock();
      this.chunks.push(chunk);
      return;
    }
    for (let at = 0; at < chunk.byteLength;) {
      this.block ??= Buffer.allocUnsafe(BLOCK_BYTES);
      const part = chunk.subarray(at, at + this.block.length - this.used);
      this.block.set(part, this.used);
      at += part.byteLength;
      this.used += part.byteLength;
      if (this.used === this.block.length) this.endBlock();
    }
  }

  end(): readonly Uint8Array[] {
    this.endBlock();
    return this.chunks;
  }

  /** The rest of the block is used for the next small chunks. */
  private endBlock(): void {
    const { block, used } = this;
    if (!block || used === 0) return;
    this.chunks.push(block.subarray(0, used));
    this.block = used < block.length ? block.subarray(used) : undefined;
    this.used = 0;
  }
}
