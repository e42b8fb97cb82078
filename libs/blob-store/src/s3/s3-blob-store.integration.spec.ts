import { afterAll, describe, expect, it } from '@jest/globals';
import { startS3Server } from '@pentaprism/testing';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describeBlobStoreConformance } from '../blob-store.conformance.js';
import { CachedBlobStore } from '../cached-blob-store.js';
import type { BlobDamage } from '../integrity.js';
import { openBlobStore } from '../open-blob-store.js';
import { S3Place } from './s3.fixture.js';

const server = await startS3Server();
afterAll(async () => server?.stop());

if (server) {
  describeBlobStoreConformance(
    'S3BlobStore',
    async () => {
      const place = await S3Place.make(server);
      const damages: BlobDamage[] = [];
      return {
        store: await place.open({ onDamage: (damage) => damages.push(damage) }),
        damages,
        tamper: (key, bytes) => place.tamper(key, bytes),
        age: (key, modifiedAt) => place.age(key, modifiedAt),
        countFiles: async () => (await place.names()).length,
        ...(process.platform === 'linux' ? { countOpen: () => place.countOpen() } : {}),
        close: () => place.close(),
      };
    },
    // Each takes about thirty requests.
    { rounds: Number(process.env['S3_TEST_ROUNDS'] ?? 60) },
  );
}

(server ? describe : describe.skip)('openBlobStore', () => {
  it('opens a bucket', async () => {
    const place = await S3Place.make(server as NonNullable<typeof server>);
    const settings = { s3: { endpoint: place.server.endpoint } };
    const store = await openBlobStore(place.url, settings);
    expect(store).toBeInstanceOf(CachedBlobStore);
    expect(store.direct).toBeDefined();
    const { key } = await store.put('originals', 'w', Buffer.from('x'), { maxBytes: 1 });
    expect(store.localPath?.(key)).toBeUndefined();
    expect(await place.names()).toEqual([`some/prefix/blobs/originals/w/${key.sha256}`]);
    await store.close?.();
    const top = await openBlobStore(`s3://${place.bucket}`, { ...settings, hotCacheBytes: 0 });
    await top.put('originals', 'w', Buffer.from('x'), { maxBytes: 1 });
    expect(await place.names()).toContain(`blobs/originals/w/${key.sha256}`);
    await top.close?.();
  });

  it('leaves no file behind', async () => {
    expect((await readdir(tmpdir())).filter((name) => name.startsWith('pentaprism-spool-'))).toEqual([]);
  });
});
