import type { BlobKey, BlobStore } from '@pentaprism/blob-store';
import { fileSource, type ByteSource } from '@pentaprism/datasets';
import { buffer } from 'node:stream/consumers';

/**
 * Returns random access to a blob. Ranges are not hashed, because that would read the whole blob each time: the caller has
 * verified the blob, or checks what it reads.
 */
export function blobByteSource(blobs: BlobStore, key: BlobKey, size: number): ByteSource {
  const path = blobs.localPath?.(key);
  if (path) return fileSource(path, size);
  const stream = (start = 0, end = size - 1) => blobs.open(key, { start, end, verify: false });
  return {
    size,
    stream,
    read: async (start, length) => buffer(await stream(start, start + length - 1)),
  };
}
