import { fileURLToPath } from 'node:url';
import { DomainError } from '@pentaprism/domain';
import type { BlobStore } from './blob-store.js';
import { CachedBlobStore, HOT_CACHE_BYTES } from './cached-blob-store.js';
import { FileBlobStore, type FileBlobStoreOptions } from './file-blob-store.js';

export interface OpenBlobStoreOptions extends FileBlobStoreOptions {
  /** Size of the cache of small blobs in bytes; 0 for none, as a process wants that reads each blob once. */
  readonly hotCacheBytes?: number;
}

/** Opens the store that the URL names: `file:///absolute/path`. FAILED_PRECONDITION or UNAVAILABLE stop the start. */
export async function openBlobStore(
  url: string,
  { hotCacheBytes = HOT_CACHE_BYTES, ...options }: OpenBlobStoreOptions = {},
): Promise<BlobStore> {
  const store = await FileBlobStore.open(directoryOf(url), options);
  return hotCacheBytes > 0 ? new CachedBlobStore(store, hotCacheBytes) : store;
}

function directoryOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol === 's3:') {
    throw new DomainError('FAILED_PRECONDITION', 'Blob stores in S3 come with the next release; use a file: URL.');
  }
  try {
    if (parsed?.protocol === 'file:' && parsed.search === '' && parsed.hash === '') return fileURLToPath(parsed);
  } catch {
    // A host, or an encoded slash.
  }
  throw new DomainError('FAILED_PRECONDITION', 'The URL of the blob store has to look like file:///absolute/path.');
}
