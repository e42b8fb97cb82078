import type { BlobKey, BlobStore } from '@pentaprism/blob-store';
import { MAX_BYTES, type ImageSource } from '@pentaprism/imaging';

/** The way for a decode process to bytes in the blob store: the file itself where there is one, else the bytes. */
export async function imageSource(blobs: BlobStore, key: BlobKey): Promise<ImageSource> {
  const path = blobs.localPath?.(key);
  return path ? { path } : { bytes: await blobs.read(key, { maxBytes: MAX_BYTES }) };
}
