import { mkdtemp, readdir, readFile, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FileBlobStore, type FileBlobStoreOptions } from './file-blob-store.js';
import { closeHooked, type Hook, hooked } from './hooked-file-operations.js';

const MAX = { maxBytes: 100 };
const HOUR = 3_600_000;
const BYTES = Buffer.from('some bytes');
const ago = (ms: number) => new Date(Date.now() - ms);

describe('FileBlobStore', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'blob-store-'));
  });
  afterEach(async () => {
    await closeHooked();
    await rm(root, { recursive: true });
  });
  const openStore = (options: FileBlobStoreOptions = {}) => FileBlobStore.open(root, options);
  const filesIn = async (directory: string) => {
    const entries = await readdir(join(root, directory), { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  };

  describe('removal meets a put', () => {
    /** Pauses the removal before its n-th call, runs `meanwhile`, goes on. */
    const interleave = async (call: string, nth: number, meanwhile: (store: FileBlobStore) => Promise<unknown>) => {
      const plain = await openStore();
      const { key } = await plain.put('a', 'w', BYTES, MAX);
      await utimes(plain.localPath(key), ago(HOUR), ago(HOUR));
      let seen = 0;
      const files = hooked(async (each, path) => {
        if (each === call && path.includes(key.sha256) && ++seen === nth) await meanwhile(plain);
      });
      const removed = await (await openStore({ files })).removeIfUnusedSince(key, ago(HOUR / 2));
      expect(seen).toBeGreaterThanOrEqual(nth);
      return { removed, key, plain };
    };
    const putAgain = (store: FileBlobStore) => store.put('a', 'w', BYTES, MAX);

    it.each([
      ['before it looks', 'stat', 1, false],
      ['before it takes the file', 'rename', 1, false],
      ['before it looks at what it took', 'stat', 2, true],
      ['before it deletes', 'unlink', 1, true],
    ])('%s: the bytes stay', async (_, call, nth, expected) => {
      const { removed, key, plain } = await interleave(call, nth, putAgain);
      expect(removed).toBe(expected);
      expect(await plain.read(key)).toEqual(BYTES);
      expect(await filesIn('trash')).toEqual([]);
      expect(await filesIn('tmp')).toEqual([]);
    });

    it('which touches the file between looking for it and the removal that takes it', async () => {
      // The put holds the old file open, the removal takes it and finds it old; only then the put sets the time.
      const plain = await openStore();
      const { key } = await plain.put('a', 'w', BYTES, MAX);
      await utimes(plain.localPath(key), ago(HOUR), ago(HOUR));
      let removed: boolean | undefined;
      const files = hooked(async (call, path) => {
        if (call === 'utimes' && path.includes(key.sha256))
          removed = await plain.removeIfUnusedSince(key, ago(HOUR / 2));
      });
      await (await openStore({ files })).put('a', 'w', BYTES, MAX);
      expect(removed).toBe(true);
      expect(await plain.read(key)).toEqual(BYTES);
    });

    it('and another one while it puts a fresh file back: the newer time wins', async () => {
      const plain = await openStore();
      const { key } = await plain.put('a', 'w', BYTES, MAX);
      await utimes(plain.localPath(key), ago(HOUR), ago(HOUR));
      const files = hooked(async (call, path) => {
        if (call === 'rename' && path.includes(key.sha256)) await putAgain(plain);
        if (call === 'link') {
          await putAgain(plain);
          await utimes(plain.localPath(key), ago(HOUR), ago(HOUR));
        }
      });
      expect(await (await openStore({ files })).removeIfUnusedSince(key, ago(HOUR / 2))).toBe(false);
      expect((await plain.stat(key))?.modifiedAt.getTime()).toBeGreaterThan(ago(10_000).getTime());
      expect(await filesIn('trash')).toEqual([]);
    });

    it('and another removal: neither deletes what the other took', async () => {
      const plain = await openStore();
      const { key } = await plain.put('a', 'w', BYTES, MAX);
      const age = () => utimes(plain.localPath(key), ago(HOUR), ago(HOUR));
      await age();
      let second: Promise<boolean> | undefined;
      let firstEnded: (ended: boolean) => void = () => undefined;
      const first = new Promise<boolean>((resolve) => {
        firstEnded = resolve;
      });
      // The second removal takes a fresh file, and looks at it only when the first one has deleted its own, old one.
      const startSecond = async () => {
        await putAgain(plain);
        await age();
        await new Promise<void>((taken) => {
          const files = hooked(async (call, path) => {
            if (call === 'rename') await putAgain(plain);
            if (call !== 'stat' || !path.includes('/trash/')) return;
            taken();
            await first;
          });
          second = openStore({ files }).then((store) => store.removeIfUnusedSince(key, ago(HOUR / 2)));
        });
      };
      const files = hooked((call, path) => (call === 'unlink' && path.includes('/trash/') ? startSecond() : undefined));
      firstEnded(await (await openStore({ files })).removeIfUnusedSince(key, ago(HOUR / 2)));
      expect([await first, await second]).toEqual([true, false]);
      expect(await plain.read(key)).toEqual(BYTES);
    });

    it('and readers, who find the bytes while they are in the trash', async () => {
      const seen: unknown[] = [];
      const { key } = await interleave('stat', 2, async (store) => {
        const [only] = await filesIn('blobs');
        const sha256 = (await filesIn('trash'))[0]?.split('.')[2] ?? '';
        seen.push(only, await store.read({ area: 'a', workspace: 'w', sha256 }));
      });
      expect(key.sha256).toHaveLength(64);
      expect(seen).toEqual([undefined, BYTES]);
    });
  });

  describe('a process that is killed', () => {
    /** Stops for good before the n-th call, as a kill does; false when there were fewer calls. */
    const killedAt = async (
      nth: number,
      work: (store: FileBlobStore) => Promise<unknown>,
      meanwhile: Hook = () => undefined,
    ) => {
      let calls = Number.NEGATIVE_INFINITY;
      let killed: () => void = () => undefined;
      const dead = new Promise<boolean>((resolve) => {
        killed = () => resolve(true);
      });
      const files = hooked(async (call, path) => {
        calls += 1;
        if (calls >= nth) {
          killed();
          await new Promise(() => undefined);
        }
        await meanwhile(call, path);
      });
      const store = await openStore({ files });
      calls = 0;
      return Promise.race([work(store).then(() => false), dead]);
    };

    it('at any call of a put leaves whole bytes or none, and the sweep removes the rest', async () => {
      let nth = 1;
      for (; await killedAt(nth, (store) => store.put('a', 'w', BYTES, MAX)); nth += 1) {
        const store = await openStore();
        for (const path of await filesIn('blobs')) expect(await readFile(path)).toEqual(BYTES);
        await store.sweepTemporary(ago(-HOUR));
        expect([...(await filesIn('tmp')), ...(await filesIn('trash'))]).toEqual([]);
        await store.put('a', 'w', BYTES, MAX);
        await rm(join(root, 'blobs'), { recursive: true });
      }
      expect(nth).toBeGreaterThan(15);
    });

    it('at any call of a removal that meets a put leaves the bytes readable, and the sweep puts them back', async () => {
      let trashed = 0;
      let nth = 1;
      for (; ; nth += 1) {
        const plain = await openStore();
        const { key } = await plain.put('a', 'w', BYTES, MAX);
        await utimes(plain.localPath(key), ago(HOUR), ago(HOUR));
        const remove = (store: FileBlobStore) => store.removeIfUnusedSince(key, ago(HOUR / 2));
        const killed = await killedAt(nth, remove, (call) => call === 'rename' && plain.put('a', 'w', BYTES, MAX));
        trashed += (await filesIn('blobs')).length === 0 ? 1 : 0;
        expect(await plain.read(key)).toEqual(BYTES);
        await plain.sweepTemporary(ago(-HOUR));
        expect(await filesIn('trash')).toEqual([]);
        expect(await readFile(plain.localPath(key))).toEqual(BYTES);
        if (!killed) break;
      }
      expect(nth).toBeGreaterThan(5);
      expect(trashed).toBeGreaterThan(0);
    });

    it('in a removal leaves a trashed blob, which is read from there and swept back only when it is stale', async () => {
      const store = await openStore();
      const { key } = await store.put('a', 'w', BYTES, MAX);
      await utimes(store.localPath(key), ago(HOUR), ago(HOUR));
      await killedAt(3, (each) => each.removeIfUnusedSince(key, ago(HOUR / 2)));
      expect(await filesIn('trash')).toHaveLength(1);
      expect(await store.read(key)).toEqual(BYTES);
      expect((await store.stat(key))?.size).toBe(BYTES.length);
      expect(await store.sweepTemporary(ago(HOUR))).toBe(0);
      expect(await store.sweepTemporary(ago(-HOUR))).toBe(1);
      expect(await filesIn('trash')).toEqual([]);
      expect(await readFile(store.localPath(key))).toEqual(BYTES);
      expect(await store.removeIfUnusedSince(key, ago(HOUR / 2))).toBe(true);
    });
  });
});
