import type { Readable } from 'node:stream';
import { LRUCache } from 'lru-cache';
import { type BlobKey, blobName } from './blob-key.js';
import { isNameOf, partName } from './blob-part.js';
import {
  type BlobEntry,
  type BlobPart,
  type BlobRange,
  type BlobSource,
  type BlobStat,
  type BlobStore,
  type OpenOptions,
  type PutOptions,
  type ReadOptions,
  SMALL_BLOB_BYTES,
  type StoredBlob,
} from './blob-store.js';
import type { DirectTransfers } from './direct-transfers.js';
import { blobLost } from './integrity.js';

/** Default of the cache's total size: about 200 images of 300 kB, or 10,000 thumbnails. */
export const HOT_CACHE_BYTES = 64 * 1024 * 1024;

/** What an entry costs beyond its bytes (key, list node, Buffer); it also bounds the number of empty blobs. */
const ENTRY_BYTES = 512;

/**
 * Keeps the small blobs, and small parts of blobs, that are read most often in memory, before any adapter. The adapter has hashed them, so wrong bytes
 * are never kept. A blob's bytes never change, so an entry cannot be stale; it can only outlive its blob. Removal through this object drops it; a removal by another process
 * does not, and there the missing record already answers 404.
 *
 * Requests for the same blob or part at the same time share one read.
 */
export class CachedBlobStore implements BlobStore {
  readonly #cache: LRUCache<string, Buffer>;
  readonly #reads = new Map<string, Promise<Buffer>>();
  readonly localPath?: (key: BlobKey) => string | null;
  readonly direct?: DirectTransfers;

  constructor(
    private readonly inner: BlobStore,
    maxBytes: number = HOT_CACHE_BYTES,
  ) {
    this.#cache = new LRUCache({ maxSize: maxBytes, sizeCalculation: ({ byteLength }) => byteLength + ENTRY_BYTES });
    if (inner.direct) this.direct = inner.direct;
    if (inner.localPath) this.localPath = (key) => inner.localPath?.(key) ?? null;
  }

  /** Bytes that the cache accounts for now; never above its maximum. */
  get cachedBytes(): number {
    return this.#cache.calculatedSize;
  }

  async read(key: BlobKey, options: ReadOptions = {}): Promise<Buffer> {
    const name = blobName(key);
    const { maxBytes = SMALL_BLOB_BYTES, size } = options;
    // Another limit is a caller with a large blob, or one that counts on a refusal.
    if (maxBytes !== SMALL_BLOB_BYTES) return this.inner.read(key, options);
    const bytes = await this.#load(name, () => this.inner.read(key, options));
    if (size !== undefined && bytes.byteLength !== size) throw blobLost('size', key);
    return bytes;
  }

  async readPart(key: BlobKey, part: BlobPart): Promise<Buffer> {
    if (part.length > SMALL_BLOB_BYTES) return this.inner.readPart(key, part);
    return this.#load(partName(key, part), () => this.inner.readPart(key, part));
  }

  async removeIfUnusedSince(key: BlobKey, olderThan: Date): Promise<boolean> {
    const name = blobName(key);
    try {
      return await this.inner.removeIfUnusedSince(key, olderThan);
    } finally {
      // Also when it failed, since it may have removed the blob. A read that is under way no longer fills the cache.
      // All names are compared, for the parts: no process that removes many blobs has a cache.
      for (const reads of [this.#reads, this.#cache]) {
        for (const each of [...reads.keys()]) if (isNameOf(each, name)) reads.delete(each);
      }
    }
  }

  put(area: string, workspace: string, source: BlobSource, options: PutOptions): Promise<StoredBlob> {
    return this.inner.put(area, workspace, source, options);
  }

  open(key: BlobKey, options?: OpenOptions): Promise<Readable> {
    return this.inner.open(key, options);
  }

  openPart(key: BlobKey, part: BlobPart, range?: BlobRange): Promise<Readable> {
    return this.inner.openPart(key, part, range);
  }

  verify(key: BlobKey): Promise<void> {
    return this.inner.verify(key);
  }

  stat(key: BlobKey): Promise<BlobStat | null> {
    return this.inner.stat(key);
  }

  list(area: string, workspace?: string, after?: BlobKey): AsyncIterable<BlobEntry> {
    return this.inner.list(area, workspace, after);
  }

  sweepTemporary(olderThan: Date): Promise<number> {
    return this.inner.sweepTemporary(olderThan);
  }

  checkWritable(): Promise<void> {
    return this.inner.checkWritable();
  }

  async close(): Promise<void> {
    await this.inner.close?.();
  }

  /** Returns the bytes of that name out of the cache, or those of a read that is under way or begun now. */
  async #load(name: string, read: () => Promise<Buffer>): Promise<Buffer> {
    const known = this.#cache.get(name) ?? this.#reads.get(name);
    if (known) return known;
    const reading = read().then(
      (bytes) => {
        if (this.#reads.get(name) === reading) {
          this.#reads.delete(name);
          this.#cache.set(name, bytes);
        }
        return bytes;
      },
      (error: unknown) => {
        if (this.#reads.get(name) === reading) this.#reads.delete(name);
        throw error;
      },
    );
    this.#reads.set(name, reading);
    return reading;
  }
}
