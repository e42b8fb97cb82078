import { createHash } from 'node:crypto';
import { DomainError } from '@pentaprism/domain';
import { type BlobSource, HEAD_BYTES, type PutOptions } from './blob-store.js';
import { sourceChunks } from './source-chunks.js';
import { tooLarge } from './storage-error.js';

/** Small chunks are gathered up to this before a write: a slow client may send a byte at a time. */
const WRITE_BYTES = 256 * 1024;

export interface ReceivedSource {
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** The first `HEAD_BYTES` bytes, fewer when there are fewer. */
  readonly head: Buffer;
}

/**
 * Hashes, counts and writes; refuses a chunk before it is written. Each write is awaited before the next chunk is read,
 * and gets the chunks as they came: joining them would copy every byte once more.
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
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  const flush = async () => {
    const [chunks, bytes] = [pending, pendingBytes];
    pending = [];
    pendingBytes = 0;
    if (bytes > 0) await write(chunks, bytes);
  };
  for await (const chunk of sourceChunks(source, signal)) {
    if (!ArrayBuffer.isView(chunk)) throw new TypeError('A blob source has to yield bytes.');
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    hash.update(chunk);
    if (head.length < HEAD_BYTES) head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES - head.length)]);
    pending.push(chunk);
    pendingBytes += chunk.byteLength;
    if (pendingBytes >= WRITE_BYTES) await flush();
  }
  await flush();
  signal?.throwIfAborted();
  if (size === 0 && !allowEmpty) throw new DomainError('INVALID_ARGUMENT', 'The body is empty.');
  return { sha256: hash.digest('hex'), size, head };
}
