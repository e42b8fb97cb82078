import { fileURLToPath } from 'node:url';
import { DomainError } from '@pentaprism/domain';
import type { BlobStore } from './blob-store.js';
import { CachedBlobStore, HOT_CACHE_BYTES } from './cached-blob-store.js';
import { FileBlobStore, type FileBlobStoreOptions } from './file-blob-store.js';
import type { S3Settings } from './s3/s3-location.js';

export interface OpenBlobStoreOptions extends FileBlobStoreOptions {
  /** Size of the cache of small blobs in bytes; 0 for none, as a process wants that reads each blob once. */
  readonly hotCacheBytes?: number;
  /** The server of an `s3:` URL. */
  readonly s3?: S3Settings;
}

/**
 * Opens the store that the URL names: `file:///absolute/path` or `s3://bucket/prefix`. FAILED_PRECONDITION or
 * UNAVAILABLE stop the start.
 */
export async function openBlobStore(
  url: string,
  { hotCacheBytes = HOT_CACHE_BYTES, ...options }: OpenBlobStoreOptions = {},
): Promise<BlobStore> {
  const store = await openAdapter(url, options);
  return hotCacheBytes > 0 ? new CachedBlobStore(store, hotCacheBytes) : store;
}

async function openAdapter(url: string, options: OpenBlobStoreOptions): Promise<BlobStore> {
  if (!url.startsWith('s3:')) return FileBlobStore.open(directoryOf(url), options);
  // Loaded only where it is used: the client of S3 costs each process 20 MB and a quarter of a second.
  const { S3BlobStore } = await import('./s3/s3-blob-store.js');
  return S3BlobStore.open(url, options);
}

function directoryOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  try {
    if (parsed?.protocol === 'file:' && parsed.search === '' && parsed.hash === '') return fileURLToPath(parsed);
  } catch {
    // A host, or an encoded slash.
  }
  throw new DomainError(
    'FAILED_PRECONDITION',
    'The URL of the blob store has to look like file:///absolute/path or s3://bucket/prefix.',
  );
}
