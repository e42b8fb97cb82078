import type { BlobKey, BlobStore } from '@pentaprism/blob-store';
import { MAX_BYTES, type ImageSource } from '@pentaprism/imaging';

/**
 * Returns the way for a decode process to bytes in the blob store: the file itself if there is one, otherwise the bytes.
 * They have been hashed, so that damaged bytes are a fault of the storage and never an undecodable image.
 *
 * @throws DomainError DATA_LOSS; NOT_FOUND
 */
export async function imageSource(blobs: BlobStore, key: BlobKey): Promise<ImageSource> {
  const path = blobs.localPath?.(key);
  if (!path) return { bytes: await blobs.read(key, { maxBytes: MAX_BYTES }) };
  await blobs.verify(key);
  return { path };
}
