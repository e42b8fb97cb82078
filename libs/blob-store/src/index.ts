/**
 * Bytes addressed by their sha256, kept once per area and workspace, and the signed URLs that lead to them.
 *
 *     const store = await openBlobStore('file:///var/lib/pentaprism/blobs');
 *     const { key, size, head } = await store.put('originals', workspaceId, request.raw, { maxBytes: 100_000_000 });
 *     const stream = await store.open(key, { start: 0, end: 1023 });
 *
 * - `BlobStore` is the port. `FileBlobStore` keeps blobs in a directory, `S3BlobStore` in a bucket; `CachedBlobStore` puts
 *   a bounded cache of small blobs before any adapter; `openBlobStore` chooses and wraps by URL.
 * - What `put` has returned survives a crash and a power loss. What fails leaves nothing, and what a killed process
 *   left behind is removed by `sweepTemporary`.
 * - A blob has no owner here. The app that keeps the records decides what is unused, and calls `removeIfUnusedSince` to
 *   remove it; a put of the same bytes at the same moment wins (`blob-removal.ts` and `s3/s3-removal.ts` have the argument).
 * - Bytes are hashed whenever they are read. Damaged ones are DATA_LOSS, are reported to `onDamage`, and are replaced by a
 *   put of the same bytes. `scrub` finds those that are never read.
 * - `signUrl` and `verifySignedUrl` make and check URLs that expire and that clients cannot change.
 * - Every failure of the storage is a `DomainError`: NOT_FOUND, INVALID_ARGUMENT, PAYLOAD_TOO_LARGE, STORAGE_FULL,
 *   DATA_LOSS, or UNAVAILABLE with the cause. The source's own errors and the signal's reason pass through `put` as they are.
 *
 * A new adapter runs the suite in `@pentaprism/blob-store/conformance`, which needs jest and is no part of a product.
 */
export * from './blob-store.js';
export * from './blob-key.js';
export * from './direct-transfers.js';
export { CachedBlobStore, HOT_CACHE_BYTES } from './cached-blob-store.js';
export { FileBlobStore, type FileBlobStoreOptions } from './file-blob-store.js';
export { DEFAULT_MIN_FREE_BYTES } from './free-space.js';
export { blobLost, type BlobDamage, type BlobFault, type OnDamage } from './integrity.js';
export { openBlobStore, type OpenBlobStoreOptions } from './open-blob-store.js';
export type { S3Settings } from './s3/s3-location.js';
export { scrubArea, type ScrubOptions } from './scrub-area.js';
export * from './signed-url.js';
export { sweepUnknown } from './sweep-unknown.js';
