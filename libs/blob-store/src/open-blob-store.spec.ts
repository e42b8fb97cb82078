import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { CachedBlobStore } from './cached-blob-store.js';
import { FileBlobStore } from './file-blob-store.js';
import { openBlobStore } from './open-blob-store.js';

describe('openBlobStore', () => {
  it('opens a directory, with a cache unless it has no size', async () => {
    const root = await mkdtemp(join(tmpdir(), 'blob-store-'));
    try {
      const url = pathToFileURL(join(root, 'with space')).href;
      const store = await openBlobStore(url);
      expect(store).toBeInstanceOf(CachedBlobStore);
      expect(await openBlobStore(url, { hotCacheBytes: 0 })).toBeInstanceOf(FileBlobStore);
      const { key } = await store.put('a', 'w', Buffer.from('x'), { maxBytes: 1 });
      expect(store.localPath?.(key)).toBe(
        join(root, 'with space/blobs/a/w', key.sha256.slice(0, 2), key.sha256.slice(2, 4), key.sha256),
      );
    } finally {
      await rm(root, { recursive: true });
    }
  });

  it.each(['s3://', 's3://B', 's3:bucket', 's3://bucket/a b', 's3://bucket/..', 's3://a:b@bucket'])(
    'says in one sentence what a URL like %s should be',
    async (url) => {
      await expect(openBlobStore(url)).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
        message: 'The URL of a blob store in S3 has to look like s3://bucket/prefix.',
      });
    },
  );

  it.each(['', '/path', 'http://example.org/', 'file://host/path', 'file:///a%2Fb', 'file:///a?b', 'file:///a#b'])(
    'refuses %j',
    async (url) => {
      await expect(openBlobStore(url)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    },
  );
});
