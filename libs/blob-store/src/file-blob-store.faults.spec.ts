import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FileBlobStore, type FileBlobStoreOptions } from './file-blob-store.js';
import { NODE_FILES } from './file-operations.js';
import { closeHooked, hooked } from './hooked-file-operations.js';

const MAX = { maxBytes: 1_000_000_000 };
const BYTES = Buffer.from('some bytes');

async function* source(...chunks: Buffer[]) {
  yield* chunks;
}

const failure = (code: string) => Object.assign(new Error(code), { code });

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

  describe('order of the calls', () => {
    const record = async () => {
      const calls: string[] = [];
      const place = (path: string) =>
        path
          .slice(root.length + 1)
          .replace(/[0-9a-f]{32,}/, '#')
          .replace(/[0-9a-f]{2}/g, 'x');
      const store = await openStore({ files: hooked((call, path) => calls.push(`${call} ${place(path)}`)) });
      calls.length = 0;
      return { calls, store };
    };
    const leaf = 'blobs/a/w/x/x';

    it('is write, fdatasync, time, rename, then fsync of every directory that changed, then the answer', async () => {
      const { calls, store } = await record();
      await store.put('a', 'w', BYTES, MAX);
      const order = ['writev tmp/#', 'datasync tmp/#', 'utimes tmp/#', 'rename tmp/#', `sync ${leaf}`];
      const positions = order.map((call) => calls.indexOf(call));
      expect(positions).toEqual([...positions].sort((a, b) => a - b));
      expect(positions).not.toContain(-1);
      for (const parent of ['blobs', 'blobs/a', 'blobs/a/w', 'blobs/a/w/x']) {
        expect(calls.indexOf(`sync ${parent}`)).toBeGreaterThan(calls.indexOf('rename tmp/#'));
      }
    });

    it('syncs the time of known bytes, then looks for them, then syncs the directory; nothing is renamed', async () => {
      const { calls, store } = await record();
      await store.put('a', 'w', BYTES, MAX);
      calls.length = 0;
      await store.put('a', 'w', BYTES, MAX);
      const touch = [
        `utimes ${leaf}/#`,
        `sync ${leaf}/#`,
        `stat ${leaf}/#`,
        `close ${leaf}/#`,
        `open ${leaf}`,
        `sync ${leaf}`,
      ];
      const from = calls.indexOf(`utimes ${leaf}/#`);
      expect(calls.slice(from, from + touch.length)).toEqual(touch);
      expect(calls.filter((call) => /^(rename|datasync)/.test(call))).toEqual([]);
      expect(calls).toContain('unlink tmp/#');
    });

    it('syncs the directories above once in every process, since they may be new to the disk', async () => {
      await (await openStore()).put('a', 'w', BYTES, MAX);
      const { calls, store } = await record();
      await store.put('a', 'w', BYTES, MAX);
      expect(calls).toContain('sync blobs/a/w/x');
      calls.length = 0;
      await store.put('a', 'w', BYTES, MAX);
      expect(calls).not.toContain('sync blobs/a/w/x');
      expect(calls).toContain(`sync ${leaf}`);
    });
  });

  it('writes what a call has left out, as calls may', async () => {
    const open: typeof NODE_FILES.open = async (...args) => {
      const handle = await NODE_FILES.open(...args);
      const writev = handle.writev.bind(handle);
      handle.writev = ([first]: readonly NodeJS.ArrayBufferView[]) =>
        writev([Buffer.from((first as Buffer).subarray(0, 3))]) as never;
      return handle;
    };
    const store = await openStore({ files: { ...NODE_FILES, open } });
    const { key } = await store.put('a', 'w', source(BYTES.subarray(0, 5), BYTES.subarray(5)), MAX);
    expect((await store.read(key)).equals(BYTES)).toBe(true);
  });

  describe('failing calls', () => {
    it.each([
      ['open', 'EIO', 'UNAVAILABLE'],
      ['open', 'EMFILE', 'UNAVAILABLE'],
      ['writev', 'ENOSPC', 'STORAGE_FULL'],
      ['writev', 'EDQUOT', 'STORAGE_FULL'],
      ['datasync', 'EIO', 'UNAVAILABLE'],
      ['rename', 'EROFS', 'UNAVAILABLE'],
      ['mkdir', 'ENOSPC', 'STORAGE_FULL'],
      ['statfs', 'EIO', 'UNAVAILABLE'],
    ])('%s with %s is %s and leaves nothing', async (failing, code, expected) => {
      let armed = false;
      const files = hooked((call) => {
        if (armed && call === failing) throw failure(code);
      });
      const store = await openStore({ files });
      armed = true;
      const put = store.put('a', 'w', BYTES, MAX);
      await expect(put).rejects.toMatchObject({ name: 'DomainError', code: expected, cause: { code } });
      expect(await filesIn('.')).toEqual([]);
      armed = false;
      await store.put('a', 'w', BYTES, MAX);
    });

    it('is told to the client without the path, which stays in the cause', async () => {
      let armed = false;
      const files = hooked((call, path) => {
        if (armed && call === 'open')
          throw Object.assign(failure('EIO'), { message: `EIO: i/o error, open '${path}'` });
      });
      const store = await openStore({ files });
      const { key } = await store.put('a', 'w', BYTES, MAX);
      armed = true;
      const error = (await store.read(key).catch((each) => each)) as Error;
      expect(error).toMatchObject({ code: 'UNAVAILABLE', details: {}, cause: { code: 'EIO' } });
      expect(error.message).not.toContain(root);
    });

    it('in the middle of a stream is UNAVAILABLE too', async () => {
      const store = await openStore();
      const { key } = await store.put('a', 'w', BYTES, MAX);
      // A directory opens like a file, and fails when it is read.
      await rm(store.localPath(key));
      await NODE_FILES.mkdir(store.localPath(key));
      const broken = { code: 'UNAVAILABLE', cause: { code: 'EISDIR' } };
      await expect(buffer(await store.open(key))).rejects.toMatchObject(broken);
    });

    it('does not acknowledge when the directory cannot be synced', async () => {
      const files = hooked((call, path) => {
        if (call === 'sync' && path.includes('/blobs/a/w/')) throw failure('EIO');
      });
      await expect((await openStore({ files })).put('a', 'w', BYTES, MAX)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
      });
    });

    it('works on after someone removed the empty directories', async () => {
      const store = await openStore();
      const { key } = await store.put('a', 'w', BYTES, MAX);
      await rm(join(root, 'blobs', 'a'), { recursive: true });
      await store.put('a', 'w', BYTES, MAX);
      expect(await store.read(key)).toEqual(BYTES);
    });

    it('replaces bytes whose size is wrong', async () => {
      const store = await openStore();
      const { key } = await store.put('a', 'w', BYTES, MAX);
      await (await NODE_FILES.open(store.localPath(key), 'w')).close();
      await store.put('a', 'w', BYTES, MAX);
      expect(await readFile(store.localPath(key))).toEqual(BYTES);
    });
  });

  describe('free space', () => {
    const withFree = (free: () => number) =>
      new Proxy(NODE_FILES, {
        get: (files, property) =>
          property === 'statfs' ? async () => ({ bavail: free() / 4096, bsize: 4096 }) : Reflect.get(files, property),
      });

    it('below the floor refuses before anything is written, and is not ready', async () => {
      let free = 8192 * 1024;
      const store = await openStore({ files: withFree(() => free), minFreeBytes: 4096 * 1024 });
      await store.checkWritable();
      free = 4092 * 1024;
      await expect(store.checkWritable()).rejects.toMatchObject({ code: 'STORAGE_FULL' });
      let asked = false;
      async function* source(): AsyncGenerator<Uint8Array> {
        asked = true;
        yield BYTES;
      }
      await expect(store.put('a', 'w', source(), MAX)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
      expect(asked).toBe(false);
      free = 4096 * 1024;
      await store.put('a', 'w', source(), MAX);
    });

    it('is looked at again while a large blob is written', async () => {
      let looks = 0;
      const free = () => (++looks < 3 ? 1e9 : 0);
      const store = await openStore({ files: withFree(free), minFreeBytes: 4096 });
      const megabyte = Buffer.alloc(1024 * 1024);
      let written = 0;
      async function* source(): AsyncGenerator<Uint8Array> {
        for (; written < 300; written += 1) yield megabyte;
      }
      await expect(store.put('a', 'w', source(), MAX)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
      expect(written).toBeLessThanOrEqual(130);
      expect(await filesIn('.')).toEqual([]);
    });
  });
});
