import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import type { BlobKey } from './blob-key.js';
import type { BlobStore } from './blob-store.js';
import type { BlobDamage } from './integrity.js';

/** A store to test, with what the suite cannot know about it. */
export interface BlobStoreHarness {
  readonly store: BlobStore;
  /** Sets the time of the last put, where the storage can. */
  age?(key: BlobKey, modifiedAt: Date): Promise<void>;
  /** Replaces the stored bytes behind the store's back; null removes them. */
  tamper(key: BlobKey, bytes: Uint8Array | null): Promise<void>;
  /** What the store has reported to `onDamage` so far. */
  readonly damages: readonly BlobDamage[];
  /** Number of files or objects of any kind, temporary ones included. */
  countFiles(): Promise<number>;
  /** Number of descriptors or uploads that are open. */
  countOpen?(): Promise<number>;
  close(): Promise<void>;
}

const AREA = 'originals';
const WORKSPACE = '0123456789abcdef01234567';
const MAX = { maxBytes: 100_000_000 };

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function flip(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
  return changed;
}

/** Changes of stored bytes, and the fault that is reported for each. */
const DAMAGES = [
  ['a changed first byte', 'hash', (bytes: Buffer) => flip(bytes, 0)],
  ['a changed last byte', 'hash', (bytes: Buffer) => flip(bytes, bytes.length - 1)],
  ['a missing end', 'size', (bytes: Buffer) => bytes.subarray(0, -1)],
  ['a missing half', 'size', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
  ['no bytes at all', 'size', () => Buffer.alloc(0)],
  ['one more byte', 'size', (bytes: Buffer) => Buffer.concat([bytes, Buffer.of(0)])],
] as const;
const DATA_LOSS = { code: 'DATA_LOSS' };

/** What a stream gives before it fails, and its error. */
async function drain(stream: Readable): Promise<{ bytes: number; error: unknown }> {
  let bytes = 0;
  try {
    for await (const chunk of stream) bytes += (chunk as Buffer).length;
    return { bytes, error: undefined };
  } catch (error) {
    return { bytes, error };
  }
}

/** What every adapter does with bytes that are not those that were put. */
export function describeDamage(harness: () => BlobStoreHarness): void {
  const damaged = async (size: number, change: (bytes: Buffer) => Uint8Array) => {
    const bytes = randomBytes(size);
    const { key } = await harness().store.put(AREA, WORKSPACE, bytes, MAX);
    await harness().tamper(key, change(bytes));
    return { bytes, key, store: harness().store, size };
  };

  describe.each(DAMAGES)('of which there is %s', (_, fault, change) => {
    it('are never read', async () => {
      const { key, store, size } = await damaged(5000, change);
      await expect(store.read(key)).rejects.toMatchObject(DATA_LOSS);
      await expect(store.read(key, { size })).rejects.toMatchObject({ ...DATA_LOSS, details: { fault } });
      await expect(store.read(key, { maxBytes: 10_000 })).rejects.toMatchObject(DATA_LOSS);
      await expect(store.verify(key)).rejects.toMatchObject(DATA_LOSS);
      expect(harness().damages.at(-1)).toMatchObject({ key, repaired: false });
    });

    it('are never streamed to the end', async () => {
      const { key, store, size } = await damaged(3_000_000, change);
      const { bytes, error } = await drain(await store.open(key));
      expect(error).toMatchObject(DATA_LOSS);
      expect(bytes).toBeLessThan(size);
      const opened = store.open(key, { size }).then(drain);
      if (fault === 'size') await expect(opened).rejects.toMatchObject(DATA_LOSS);
      else expect(await opened).toMatchObject({ error: DATA_LOSS });
      expect(harness().damages.at(-1)).toMatchObject({ key, repaired: false });
    });

    it('are noticed where a range does not touch them', async () => {
      const { key, store } = await damaged(3_000_000, change);
      const { bytes, error } = await drain(await store.open(key, { start: 1_000_000, end: 1_000_099 }));
      expect(error).toMatchObject(DATA_LOSS);
      expect(bytes).toBeLessThan(100);
    });

    it('do not keep a caller that checks what it reads from the bytes of another range', async () => {
      const { bytes, key, store } = await damaged(3_000_000, change);
      const opened = await drain(await store.open(key, { start: 1_000, end: 1_099, verify: false }));
      const stored = change(bytes).subarray(1_000, 1_100);
      expect(opened).toMatchObject({ bytes: stored.length });
    });

    it.each([5000, 3_000_000])('are replaced when the same %i bytes are put again', async (size) => {
      const { bytes, key, store } = await damaged(size, change);
      await store.put(AREA, WORKSPACE, inChunks(bytes, 65_536), MAX);
      expect(harness().damages).toEqual([{ key, fault: expect.any(String), repaired: true }]);
      expect((await store.read(key, { maxBytes: size, size })).equals(bytes)).toBe(true);
      await store.verify(key);
      expect(await harness().countFiles()).toBe(1);
    });
  });

  it('are noticed although the blob was verified a moment ago', async () => {
    const bytes = randomBytes(3_000_000);
    const { store, tamper, age } = harness();
    const { key } = await store.put(AREA, WORKSPACE, bytes, MAX);
    await age?.(key, new Date(Date.now() - 3_600_000));
    expect((await buffer(await store.open(key))).equals(bytes)).toBe(true);
    expect((await buffer(await store.open(key, { start: 5, end: 9 }))).equals(bytes.subarray(5, 10))).toBe(true);
    await tamper(key, randomBytes(bytes.length));
    expect((await drain(await store.open(key, { start: 5, end: 9 }))).error).toMatchObject(DATA_LOSS);
    expect((await drain(await store.open(key))).error).toMatchObject(DATA_LOSS);
  });

  it('that are gone are NOT_FOUND, and come back with a put', async () => {
    const bytes = randomBytes(5000);
    const { store, tamper } = harness();
    const { key } = await store.put(AREA, WORKSPACE, bytes, MAX);
    await tamper(key, null);
    await expect(store.read(key)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(store.open(key)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(store.verify(key)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await store.put(AREA, WORKSPACE, bytes, MAX);
    expect((await store.read(key)).equals(bytes)).toBe(true);
  });

  it('are refused by a read that expects another size, also out of a cache', async () => {
    const { store } = harness();
    const { key } = await store.put(AREA, WORKSPACE, randomBytes(5000), MAX);
    await store.read(key);
    await expect(store.read(key, { size: 4999 })).rejects.toMatchObject(DATA_LOSS);
  });
}
