import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type BlobStoreHarness, describeBlobStoreConformance } from './blob-store.conformance.js';
import type { BlobStore } from './blob-store.js';
import { CachedBlobStore } from './cached-blob-store.js';
import { FileBlobStore } from './file-blob-store.js';
import type { BlobDamage } from './integrity.js';

/** Memory where there is some: fsync is free there, so that the races get thousands of rounds in a few seconds. */
const directory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

async function harness(wrap: (store: BlobStore) => BlobStore): Promise<BlobStoreHarness> {
  const root = await mkdtemp(join(directory, 'blob-store-'));
  const damages: BlobDamage[] = [];
  const files = await FileBlobStore.open(root, { onDamage: (damage) => damages.push(damage) });
  return {
    store: wrap(files),
    age: (key, modifiedAt) => utimes(files.localPath(key), modifiedAt, modifiedAt),
    damages,
    tamper: (key, bytes) => (bytes ? writeFile(files.localPath(key), bytes) : rm(files.localPath(key))),
    countFiles: async () => {
      const entries = await readdir(root, { recursive: true, withFileTypes: true });
      return entries.filter((entry) => !entry.isDirectory()).length;
    },
    ...(process.platform === 'linux' ? { countOpen: async () => (await readdir('/proc/self/fd')).length } : {}),
    close: () => rm(root, { recursive: true }),
  };
}

describeBlobStoreConformance('FileBlobStore', () => harness((store) => store));
describeBlobStoreConformance('CachedBlobStore', () => harness((store) => new CachedBlobStore(store)), { rounds: 300 });

describe('FileBlobStore', () => {
  it('makes its directories with mode 0700 and files with 0600, also under an open umask', async () => {
    const base = await mkdtemp(join(tmpdir(), 'blob-store-'));
    const before = process.umask(0);
    try {
      const root = join(base, 'not', 'there', 'yet');
      const store = await FileBlobStore.open(root);
      await store.put('originals', 'library', Buffer.from('x'), { maxBytes: 1 });
      for (const entry of await readdir(join(base, 'not'), { recursive: true, withFileTypes: true })) {
        const { mode } = await stat(join(entry.parentPath, entry.name));
        expect([entry.name, (mode & 0o777).toString(8)]).toEqual([entry.name, entry.isDirectory() ? '700' : '600']);
      }
    } finally {
      process.umask(before);
      await rm(base, { recursive: true });
    }
  });
});
