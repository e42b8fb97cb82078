import { LRUCache } from 'lru-cache';

/** Milliseconds for which bytes that were hashed count as verified, as long as the storage reports no change of them. */
export const VERIFIED_FOR_MS = 60_000;
const REMEMBERED = 10_000;

/**
 * Large blobs, and large parts of blobs, whose bytes were hashed a moment ago. Without this, each range of them, and each
 * download of one that many clients want, would read and hash all of its bytes.
 *
 * A version is what the storage changes with every write: an ETag, or inode, size and times of a file.
 */
export class VerifiedBlobs {
  readonly #versions = new LRUCache<string, string>({ max: REMEMBERED, ttl: VERIFIED_FOR_MS });

  /** @param name that of the blob, or of the part */
  remember(name: string, version: string): void {
    this.#versions.set(name, version);
  }

  /** Returns the version that was verified; undefined if there is none. */
  versionOf(name: string): string | undefined {
    return this.#versions.get(name);
  }
}
