import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlobKey } from './blob-key.js';
import { FileBlobStore } from './file-blob-store.js';
import type { BlobDamage } from './integrity.js';
import { scrubArea } from './scrub-area.js';

const BLOBS = 8;

let root: string;
let store: FileBlobStore;
let damages: BlobDamage[];
let keys: BlobKey[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'scrub-'));
  damages = [];
  store = await FileBlobStore.open(root, { minFreeBytes: 0, onDamage: (damage) => damages.push(damage) });
  keys = [];
  for (let each = 0; each < BLOBS; each += 1)
    keys.push((await store.put('originals', 'w', Buffer.from(`blob ${each}`), { maxBytes: 100 })).key);
  keys.sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
});

afterEach(() => rm(root, { recursive: true }));

/** Scrubs at full speed. `limit` blobs, then it is stopped. */
async function scrub(after?: BlobKey, limit = Number.POSITIVE_INFINITY) {
  const checked: [BlobKey, boolean][] = [];
  const ended = await scrubArea(store, 'originals', {
    after,
    bytesPerSecond: 2 ** 40,
    stopped: () => checked.length >= limit,
    onChecked: async ({ key }, isDamaged) => void checked.push([key, isDamaged]),
  });
  return { ended, checked };
}

describe('scrubArea', () => {
  it('checks all blobs, and tells damaged ones from others', async () => {
    const [damaged, removed] = [keys[2] as BlobKey, keys[5] as BlobKey];
    await writeFile(store.localPath(damaged), 'blob !');
    await rm(store.localPath(removed));
    const { ended, checked } = await scrub();
    expect(ended).toBe(true);
    expect(checked).toEqual(keys.filter((key) => key !== removed).map((key) => [key, key === damaged]));
    expect(damages).toEqual([{ key: damaged, fault: 'hash', repaired: false }]);
  });

  it('stops when it is told to, and goes on behind a blob', async () => {
    const first = await scrub(undefined, 3);
    expect([first.ended, first.checked.length]).toEqual([false, 3]);
    const rest = await scrub(keys[2]);
    expect([rest.ended, rest.checked.map(([key]) => key)]).toEqual([true, keys.slice(3)]);
  });
});
