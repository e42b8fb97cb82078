import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type BlobKey, type BlobStore, openBlobStore } from '@pentaprism/blob-store';
import { createLogger } from '@pentaprism/observability';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BlobRecord, RecordScrub } from './record-scrub.js';

let directory: string;
let blobs: BlobStore;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'record-scrub-'));
  blobs = await openBlobStore(pathToFileURL(directory).href, { hotCacheBytes: 0 });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function put(): Promise<BlobKey> {
  return (await blobs.put('models', 'clinic', randomBytes(20), { maxBytes: 20 })).key;
}

it('continues a pass behind the last checked record after an error, and counts nothing twice', async () => {
  const records: BlobRecord[] = [];
  for (const id of ['1', '2', '3']) records.push({ id, keys: [await put(), await put()] });
  const [first, second] = records.flatMap(({ keys }) => keys.slice(0, 1));
  for (const key of [first, second]) await rm((key && blobs.localPath?.(key)) ?? '');
  const failing = records[1]?.keys[1];
  const looks: BlobKey[] = [];
  let broken = true;
  const scrub = new RecordScrub({
    area: 'models',
    blobs: {
      stat: (key) => {
        looks.push(key);
        return broken && key === failing ? Promise.reject(new Error('the disk is away')) : blobs.stat(key);
      },
    },
    logger: createLogger('test', 'silent'),
    BLOB_SCRUB_RATE: 1,
    BLOB_SCRUB_PAUSE: 1,
    recordsAfter: (id, limit) =>
      Promise.resolve(records.filter((record) => id === null || record.id > id).slice(0, limit)),
    isReferred: () => Promise.resolve(true),
  });
  await expect(scrub.pass()).rejects.toThrow('the disk is away');
  broken = false;
  looks.length = 0;
  expect(await scrub.pass()).toEqual({ checked: 6, missing: 2 });
  expect(looks).toEqual(records.slice(1).flatMap(({ keys }) => keys));
  // The next pass begins with the first record.
  expect(await scrub.pass()).toEqual({ checked: 6, missing: 2 });
  expect(looks).toHaveLength(4 + 6);
});
