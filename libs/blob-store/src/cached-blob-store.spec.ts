import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { DomainError } from '@pentaprism/domain';
import type { BlobKey } from './blob-key.js';
import { type BlobStore, SMALL_BLOB_BYTES } from './blob-store.js';
import { CachedBlobStore } from './cached-blob-store.js';

const keyOf = (text: string): BlobKey => ({
  area: 'originals',
  workspace: 'library',
  sha256: createHash('sha256').update(text).digest('hex'),
});

/** An adapter of which only reading and removing matter; `gate` holds reads back. */
function memory(size: number) {
  const removed = new Set<string>();
  const state = { reads: 0, gate: Promise.resolve() };
  const inner: Partial<BlobStore> = {
    read: async ({ sha256 }) => {
      state.reads += 1;
      if (removed.has(sha256)) throw new DomainError('NOT_FOUND', 'gone');
      await state.gate;
      return Buffer.alloc(size, sha256);
    },
    readPart: async ({ sha256 }, { length }) => {
      state.reads += 1;
      if (removed.has(sha256)) throw new DomainError('NOT_FOUND', 'gone');
      await state.gate;
      return Buffer.alloc(length, sha256);
    },
    removeIfUnusedSince: async ({ sha256 }) => {
      removed.add(sha256);
      return true;
    },
  };
  return { state, inner: inner as BlobStore };
}

describe('CachedBlobStore', () => {
  it('reads a blob once', async () => {
    const { state, inner } = memory(100);
    const store = new CachedBlobStore(inner);
    const first = await store.read(keyOf('a'));
    expect(await store.read(keyOf('a'))).toBe(first);
    expect(state.reads).toBe(1);
    await store.read({ ...keyOf('a'), workspace: 'other' });
    expect(state.reads).toBe(2);
  });

  it('shares one read among those who ask at the same time', async () => {
    const { state, inner } = memory(100);
    const store = new CachedBlobStore(inner);
    await Promise.all(Array.from({ length: 50 }, () => store.read(keyOf('a'))));
    expect(state.reads).toBe(1);
  });

  it('stays below its size, and keeps what was used last', async () => {
    const { state, inner } = memory(1000);
    const store = new CachedBlobStore(inner, 100_000);
    for (let each = 0; each < 500; each += 1) {
      await store.read(keyOf('hot'));
      await store.read(keyOf(`${each}`));
      expect(store.cachedBytes).toBeLessThanOrEqual(100_000);
    }
    expect(store.cachedBytes).toBeGreaterThan(90_000);
    expect(state.reads).toBe(501);
  });

  it('bounds the number of empty blobs too', async () => {
    const { inner } = memory(0);
    const store = new CachedBlobStore(inner, 10_000);
    for (let each = 0; each < 100; each += 1) await store.read(keyOf(`${each}`));
    expect(store.cachedBytes).toBeLessThanOrEqual(10_000);
    expect(store.cachedBytes).toBeGreaterThan(5000);
  });

  it('passes what is larger than the cache', async () => {
    const { state, inner } = memory(5000);
    const store = new CachedBlobStore(inner, 4000);
    expect((await store.read(keyOf('a'))).length).toBe(5000);
    await store.read(keyOf('a'));
    expect(state.reads).toBe(2);
  });

  it('does not remember a failure', async () => {
    const { state, inner } = memory(10);
    const store = new CachedBlobStore(inner);
    await store.removeIfUnusedSince(keyOf('a'), new Date());
    for (let each = 1; each < 3; each += 1) {
      await expect(store.read(keyOf('a'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect(state.reads).toBe(each);
    }
  });

  it('does not serve what was removed, even when it was being read meanwhile', async () => {
    const { state, inner } = memory(10);
    const store = new CachedBlobStore(inner);
    let release: () => void = () => undefined;
    state.gate = new Promise((resolve) => {
      release = resolve;
    });
    const reading = store.read(keyOf('a'));
    expect(await store.removeIfUnusedSince(keyOf('a'), new Date())).toBe(true);
    release();
    expect((await reading).length).toBe(10);
    await expect(store.read(keyOf('a'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(store.cachedBytes).toBe(0);
  });

  it('reads a part once, and apart from other parts of its blob', async () => {
    const { state, inner } = memory(100);
    const store = new CachedBlobStore(inner);
    const part = { offset: 10, length: 20, sha256: keyOf('a').sha256 };
    const [first] = await Promise.all([1, 2, 3].map(() => store.readPart(keyOf('whole'), part)));
    expect(await store.readPart(keyOf('whole'), part)).toBe(first);
    expect(state.reads).toBe(1);
    const others = [
      { ...part, offset: 11 },
      { ...part, length: 21 },
      { ...part, sha256: keyOf('b').sha256 },
    ];
    for (const other of others) await store.readPart(keyOf('whole'), other);
    await store.read(keyOf('whole'));
    expect(state.reads).toBe(5);
  });

  it('counts parts into its size, and passes large ones', async () => {
    const { state, inner } = memory(0);
    const store = new CachedBlobStore(inner, 10_000);
    const part = { offset: 0, length: 1000, sha256: keyOf('a').sha256 };
    for (let offset = 0; offset < 50; offset += 1) {
      await store.readPart(keyOf('whole'), { ...part, offset });
      expect(store.cachedBytes).toBeLessThanOrEqual(10_000);
    }
    expect(store.cachedBytes).toBeGreaterThan(8000);
    const large = new CachedBlobStore(inner);
    for (let each = 0; each < 2; each += 1)
      await large.readPart(keyOf('whole'), { ...part, length: SMALL_BLOB_BYTES + 1 });
    expect([state.reads, large.cachedBytes]).toEqual([52, 0]);
  });

  it('does not serve parts of what was removed, even when they were being read meanwhile', async () => {
    const { state, inner } = memory(10);
    const store = new CachedBlobStore(inner);
    const part = { offset: 0, length: 10, sha256: keyOf('a').sha256 };
    await store.readPart(keyOf('whole'), part);
    await store.readPart(keyOf('other'), part);
    const kept = store.cachedBytes / 2;
    let release: () => void = () => undefined;
    state.gate = new Promise((resolve) => {
      release = resolve;
    });
    const reading = store.readPart(keyOf('whole'), { ...part, offset: 5 });
    await store.removeIfUnusedSince(keyOf('whole'), new Date());
    release();
    await reading;
    await expect(store.readPart(keyOf('whole'), part)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(store.readPart(keyOf('whole'), { ...part, offset: 5 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(store.cachedBytes).toBe(kept);
  });

  it('does not keep reads with a limit of their own', async () => {
    const { inner } = memory(10);
    const store = new CachedBlobStore(inner);
    await store.read(keyOf('a'), { maxBytes: 20 });
    expect(store.cachedBytes).toBe(0);
  });
});
