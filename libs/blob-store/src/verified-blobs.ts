import { LRUCache } from 'lru-cache';
import { type BlobKey, blobName } from './blob-key.js';

/** Milliseconds for which bytes that were hashed count as verified, as long as the storage reports no change of them. */
export const VERIFIED_FOR_MS = 60_000;
const REMEMBERED = 10_000;

/**
 * Large blobs whose bytes were hashed a moment ago. Without this, each range of a blob, and each download of one that many
 * clients want, would read and hash all of its bytes.
 *
 * A version is what the storage changes with every write: an ETag, or inode, size and times of a file.
 */
export class VerifiedBlobs {
  readonly #versions = new LRUCache<string, string>({ max: REMEMBERED, ttl: VERIFIED_FOR_MS });

  remember(key: BlobKey, version: string): void {
    this.#versions.set(blobName(key), version);
  }

  /** Returns the version that was verified; undefined if there is none. */
  versionOf(key: BlobKey): string | undefined {
    return this.#versions.get(blobName(key));
  }
}
