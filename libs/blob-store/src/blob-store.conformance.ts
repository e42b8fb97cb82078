import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { BlobKey } from './blob-key.js';
import { type BlobEntry, SMALL_BLOB_BYTES } from './blob-store.js';
import { type BlobStoreHarness, describeDamage } from './damage.conformance.js';
import { describeParts } from './parts.conformance.js';

export type { BlobStoreHarness } from './damage.conformance.js';

const AREA = 'originals';
const WORKSPACE = '0123456789abcdef01234567';
const MAX = { maxBytes: 100_000_000 };
const HOUR = 3_600_000;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const keyOf = (bytes: Uint8Array): BlobKey => ({ area: AREA, workspace: WORKSPACE, sha256: sha256(bytes) });
const inAnHour = () => new Date(Date.now() + HOUR);
const anHourAgo = () => new Date(Date.now() - HOUR);

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all(entries: AsyncIterable<BlobEntry>): Promise<BlobEntry[]> {
  const found: BlobEntry[] = [];
  for await (const entry of entries) found.push(entry);
  return found;
}

/**
 * What every adapter of `BlobStore` does.
 * @param factory gives an empty store each time
 * @param options `rounds` of removal against put, as many as the storage can make in some seconds
 */
export function describeBlobStoreConformance(
  name: string,
  factory: () => Promise<BlobStoreHarness>,
  { rounds = 3000 }: { readonly rounds?: number } = {},
): void {
  describe(`${name} conforms to the blob store port`, () => {
    let harness: BlobStoreHarness;
    const current = () => harness;
    beforeEach(async () => {
      harness = await factory();
    });
    afterEach(async () => {
      await harness.close();
    });
    describe('put', () => describePut(current));
    describe('put that fails', () => describeFailedPut(current));
    describe('reading', () => describeReading(current));
    describe('damaged bytes', () => describeDamage(current));
    describe('parts', () => describeParts(current));
    describe('hostile keys', () => describeHostileKeys(current));
    describe('removal', () => describeRemoval(current, Math.min(rounds, 200)));
    describe('removal beside puts', () => describeRaces(current, rounds));
    describe('listing and sweeping', () => describeListing(current));
  });
}

function describePut(harness: () => BlobStoreHarness): void {
  it.each([
    ['no bytes', 0],
    ['one byte', 1],
    ['the head exactly', 64],
    ['a small blob', 300_000],
    ['the largest small blob', SMALL_BLOB_BYTES],
    ['a large blob', 5_000_001],
  ])('keeps %s as they came', async (_, size) => {
    const bytes = randomBytes(size);
    const { store } = harness();
    const stored = await store.put(AREA, WORKSPACE, Readable.from(inChunks(bytes, 65_536)), MAX);
    expect(stored).toEqual({ key: keyOf(bytes), sha256: sha256(bytes), size, head: bytes.subarray(0, 64) });
    expect((await buffer(await store.open(stored.key))).equals(bytes)).toBe(true);
    expect((await store.read(stored.key, { maxBytes: size })).equals(bytes)).toBe(true);
    const stat = await store.stat(stored.key);
    expect(stat?.size).toBe(size);
    expect(Math.abs((stat?.modifiedAt.getTime() ?? 0) - Date.now())).toBeLessThan(10_000);
    expect(await harness().countFiles()).toBe(1);
  });

  it('takes a buffer, a generator and a stream of single bytes alike', async () => {
    const bytes = randomBytes(2000);
    const sources = [bytes, inChunks(bytes, 7), Readable.from(inChunks(bytes, 1))];
    for (const source of sources) {
      const stored = await harness().store.put(AREA, WORKSPACE, source, MAX);
      expect(stored).toMatchObject({ key: keyOf(bytes), size: 2000, head: bytes.subarray(0, 64) });
    }
    expect(await harness().countFiles()).toBe(1);
  });

  it('makes one blob of 20 puts of the same bytes at once', async () => {
    const bytes = randomBytes(200_000);
    const puts = Array.from({ length: 20 }, () => harness().store.put(AREA, WORKSPACE, inChunks(bytes, 10_000), MAX));
    for (const stored of await Promise.all(puts)) expect(stored.key).toEqual(keyOf(bytes));
    expect(await harness().countFiles()).toBe(1);
    expect((await harness().store.read(keyOf(bytes))).equals(bytes)).toBe(true);
  });

  it('keeps areas and workspaces apart', async () => {
    const bytes = randomBytes(10);
    const { store } = harness();
    const { key } = await store.put('originals', 'one', bytes, MAX);
    expect(await store.stat({ ...key, workspace: 'two' })).toBeNull();
    expect(await store.stat({ ...key, area: 'thumbnails' })).toBeNull();
    await store.put('thumbnails', 'two', bytes, MAX);
    expect(await harness().countFiles()).toBe(2);
  });

  it('renews the time of bytes that are there already', async () => {
    const { store, age } = harness();
    if (!age) return;
    const { key } = await store.put(AREA, WORKSPACE, Buffer.from('again'), MAX);
    await age(key, anHourAgo());
    await store.put(AREA, WORKSPACE, Buffer.from('again'), MAX);
    expect((await store.stat(key))?.modifiedAt.getTime()).toBeGreaterThan(Date.now() - 10_000);
  });

  it('is writable', async () => {
    await harness().store.checkWritable();
    expect(await harness().countFiles()).toBe(0);
  });
}

function describeFailedPut(harness: () => BlobStoreHarness): void {
  const expectNothingLeft = async (openBefore: number | undefined) => {
    expect(await harness().countFiles()).toBe(0);
    expect(await harness().countOpen?.()).toBe(openBefore);
  };

  it('accepts exactly maxBytes and refuses one more, leaving nothing', async () => {
    const bytes = randomBytes(300_001);
    const { store, countOpen } = harness();
    const open = await countOpen?.();
    const refusal = store.put(AREA, WORKSPACE, inChunks(bytes, 1000), { maxBytes: 300_000 });
    await expect(refusal).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE', details: { maxBytes: 300_000 } });
    await expectNothingLeft(open);
    const accepted = store.put(AREA, WORKSPACE, inChunks(bytes.subarray(1), 1000), { maxBytes: 300_000 });
    expect((await accepted).size).toBe(300_000);
  });

  it('refuses an empty body only when asked to', async () => {
    const { store } = harness();
    const refusal = store.put(AREA, WORKSPACE, Readable.from([]), { ...MAX, allowEmpty: false });
    await expect(refusal).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await harness().countFiles()).toBe(0);
    expect((await store.put(AREA, WORKSPACE, Buffer.alloc(0), MAX)).size).toBe(0);
  });

  it('leaves nothing when the source throws half-way', async () => {
    const open = await harness().countOpen?.();
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield randomBytes(600_000);
      throw new Error('the client went away');
    }
    await expect(harness().store.put(AREA, WORKSPACE, broken(), MAX)).rejects.toThrow('the client went away');
    await expectNothingLeft(open);
  });

  it('ends at once when it is aborted behind a silent source, and leaves nothing', async () => {
    const open = await harness().countOpen?.();
    const abort = new AbortController();
    const silent = new Readable({ read: () => undefined });
    silent.push(randomBytes(600_000));
    const put = harness().store.put(AREA, WORKSPACE, silent, { ...MAX, signal: abort.signal });
    setTimeout(() => abort.abort(new Error('too slow')), 50);
    await expect(put).rejects.toThrow('too slow');
    await expectNothingLeft(open);
    const late = harness().store.put(AREA, WORKSPACE, Buffer.from('x'), { ...MAX, signal: abort.signal });
    await expect(late).rejects.toThrow('too slow');
    await expectNothingLeft(open);
    silent.destroy();
  });

  it('leaves a refused stream to its owner, who can drain it', async () => {
    const source = Readable.from(inChunks(randomBytes(1_000_000), 50_000));
    const refusal = harness().store.put(AREA, WORKSPACE, source, { maxBytes: 100_000 });
    await expect(refusal).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect(source.destroyed).toBe(false);
    const ended = new Promise((resolve) => source.once('end', resolve));
    source.resume();
    await ended;
  });

  it('gives a refused generator back', async () => {
    let closed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield randomBytes(50_000);
      } finally {
        closed = true;
      }
    }
    await expect(harness().store.put(AREA, WORKSPACE, endless(), { maxBytes: 100_000 })).rejects.toBeDefined();
    expect(closed).toBe(true);
  });
}

function describeReading(harness: () => BlobStoreHarness): void {
  it.each([
    [{ start: 0, end: 0 }, 0, 1],
    [{ start: 10, end: 19 }, 10, 20],
    [{ start: 299_999 }, 299_999, 300_000],
    [{ end: 99 }, 0, 100],
    [{ start: 299_990, end: 999_999 }, 299_990, 300_000],
    [{ start: 300_000 }, 300_000, 300_000],
    [{}, 0, 300_000],
  ])('opens the range %j', async (range, from, to) => {
    const bytes = randomBytes(300_000);
    const { key } = await harness().store.put(AREA, WORKSPACE, bytes, MAX);
    const part = await buffer(await harness().store.open(key, range));
    expect(part.equals(bytes.subarray(from, to))).toBe(true);
  });

  it.each([
    { start: -1 },
    { start: 1.5 },
    { start: Number.NaN },
    { start: 5, end: 4 },
    { end: Number.POSITIVE_INFINITY },
  ])('refuses the range %j', async (range) => {
    const { key } = await harness().store.put(AREA, WORKSPACE, randomBytes(10), MAX);
    await expect(harness().store.open(key, range)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('reads whole only what is small, unless a limit says otherwise', async () => {
    const bytes = randomBytes(SMALL_BLOB_BYTES + 1);
    const { store } = harness();
    const { key } = await store.put(AREA, WORKSPACE, bytes, MAX);
    await expect(store.read(key)).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect((await store.read(key, { maxBytes: bytes.length })).equals(bytes)).toBe(true);
  });

  it('says NOT_FOUND before the first byte', async () => {
    const { store } = harness();
    const unknown = keyOf(randomBytes(8));
    await expect(store.open(unknown)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(store.read(unknown)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await store.stat(unknown)).toBeNull();
    expect(await store.removeIfUnusedSince(unknown, inAnHour())).toBe(false);
  });
}

function describeHostileKeys(harness: () => BlobStoreHarness): void {
  const digest = 'a'.repeat(64);
  const words = ['..', '../x', 'a/../b', 'a/b', 'a\\b', '/etc', 'a\0', '', '.', 'a.b', 'A', 'ä', 'a\n', 'x'.repeat(65)];
  const digests = [
    ...words,
    digest.toUpperCase(),
    digest.slice(1),
    `${digest}a`,
    `${digest}\n`,
    `../${digest.slice(3)}`,
  ];
  const hostile: BlobKey[] = [
    ...words.map((area) => ({ area, workspace: WORKSPACE, sha256: digest })),
    ...words.map((workspace) => ({ area: AREA, workspace, sha256: digest })),
    ...digests.map((each) => ({ area: AREA, workspace: WORKSPACE, sha256: each })),
    { area: AREA, workspace: ['a'] as unknown as string, sha256: digest },
    { area: AREA, workspace: WORKSPACE, sha256: undefined as unknown as string },
  ];

  it('are refused by every operation before anything is touched', async () => {
    const { store } = harness();
    const invalid = { code: 'INVALID_ARGUMENT' };
    for (const key of hostile) {
      await expect(store.open(key)).rejects.toMatchObject(invalid);
      await expect(store.read(key)).rejects.toMatchObject(invalid);
      await expect(store.readPart(key, { offset: 0, length: 1, sha256: digest })).rejects.toMatchObject(invalid);
      await expect(store.openPart(key, { offset: 0, length: 1, sha256: digest })).rejects.toMatchObject(invalid);
      await expect(store.verify(key)).rejects.toMatchObject(invalid);
      await expect(store.stat(key)).rejects.toMatchObject(invalid);
      await expect(store.removeIfUnusedSince(key, inAnHour())).rejects.toMatchObject(invalid);
      if (store.localPath) expect(() => store.localPath?.(key)).toThrow(expect.objectContaining(invalid));
    }
    for (const { area, workspace } of hostile.slice(0, 2 * words.length)) {
      await expect(store.put(area, workspace, Buffer.from('x'), MAX)).rejects.toMatchObject(invalid);
      expect(() => store.list(area, workspace)).toThrow(expect.objectContaining(invalid));
    }
    expect(await harness().countFiles()).toBe(0);
  });
}

function describeRemoval(harness: () => BlobStoreHarness, rounds: number): void {
  it('removes what was last put before, and nothing else', async () => {
    const { store } = harness();
    const { key } = await store.put(AREA, WORKSPACE, Buffer.from('old'), MAX);
    expect(await store.removeIfUnusedSince(key, anHourAgo())).toBe(false);
    expect(await store.removeIfUnusedSince(key, new Date())).toBe(false);
    expect(await store.stat(key)).not.toBeNull();
    expect(await store.removeIfUnusedSince(key, inAnHour())).toBe(true);
    expect(await store.stat(key)).toBeNull();
    expect(await store.removeIfUnusedSince(key, inAnHour())).toBe(false);
    expect(await harness().countFiles()).toBe(0);
  });

  it('does not serve what was removed, nor what was being read meanwhile', async () => {
    const { store } = harness();
    for (let round = 0; round < rounds; round += 1) {
      const bytes = randomBytes(16);
      const { key } = await store.put(AREA, WORKSPACE, bytes, MAX);
      if (round % 2) await store.read(key);
      const reads = Array.from({ length: 4 }, () => store.read(key).catch(() => null));
      expect(await store.removeIfUnusedSince(key, inAnHour())).toBe(true);
      await Promise.all(reads);
      await expect(store.read(key)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });
}

function describeRaces(harness: () => BlobStoreHarness, rounds: number): void {
  it(`never takes bytes that a put acknowledges meanwhile (${rounds} rounds)`, async () => {
    const { store, age } = harness();
    const outcomes = { removed: 0, kept: 0 };
    for (let round = 0; round < rounds; round += 1) {
      const bytes = Buffer.from(`blob ${round % 50}`);
      const { key } = await store.put(AREA, WORKSPACE, bytes, MAX);
      await age?.(key, anHourAgo());
      const threshold = age ? new Date(Date.now() - HOUR / 2) : anHourAgo();
      const delay = round % 7;
      const [removed] = await Promise.all([
        afterTurns(delay, () => store.removeIfUnusedSince(key, threshold)),
        afterTurns(6 - delay, () => store.put(AREA, WORKSPACE, bytes, MAX)),
        ...(round % 3 ? [] : [afterTurns(3, () => store.removeIfUnusedSince(key, threshold))]),
        ...(round % 5 ? [] : [afterTurns(2, () => store.put(AREA, WORKSPACE, bytes, MAX))]),
      ]);
      outcomes[removed ? 'removed' : 'kept'] += 1;
      expect((await buffer(await store.open(key))).equals(bytes)).toBe(true);
    }
    expect(await harness().countFiles()).toBe(50);
    // Both orders have to occur, or the rounds show nothing.
    if (age) expect(Math.min(outcomes.removed, outcomes.kept)).toBeGreaterThan(rounds / 100);
  });

  it('lets readers always find a blob that puts keep fresh', async () => {
    const { store, age } = harness();
    const bytes = Buffer.from('always there');
    const { key } = await store.put(AREA, WORKSPACE, bytes, MAX);
    let running = true;
    const reader = (async () => {
      while (running) expect((await buffer(await store.open(key))).equals(bytes)).toBe(true);
    })();
    for (let round = 0; round < rounds / 10; round += 1) {
      await age?.(key, new Date());
      await Promise.all([
        store.removeIfUnusedSince(key, anHourAgo()),
        store.put(AREA, WORKSPACE, bytes, MAX),
        store.removeIfUnusedSince(key, anHourAgo()),
      ]);
    }
    running = false;
    await reader;
  });
}

async function afterTurns<T>(turns: number, work: () => Promise<T>): Promise<T> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  return work();
}

function describeListing(harness: () => BlobStoreHarness): void {
  it('lists an area, or one workspace of it', async () => {
    const { store } = harness();
    expect(await all(store.list(AREA))).toEqual([]);
    const put = async (area: string, workspace: string, text: string) =>
      (await store.put(area, workspace, Buffer.from(text), MAX)).key;
    const one = [await put(AREA, 'one', '1'), await put(AREA, 'one', '22'), await put(AREA, 'one', '333')];
    const two = [await put(AREA, 'two', '1')];
    await put('thumbnails', 'one', '1');
    const listed = await all(store.list(AREA));
    const names = (keys: BlobKey[]) => keys.map((key) => JSON.stringify(key)).sort();
    expect(names(listed.map(({ key }) => key))).toEqual(names([...one, ...two]));
    expect(listed.map(({ size }) => size).sort()).toEqual([1, 1, 2, 3]);
    for (const { modifiedAt } of listed) expect(Math.abs(modifiedAt.getTime() - Date.now())).toBeLessThan(10_000);
    expect(names((await all(store.list(AREA, 'two'))).map(({ key }) => key))).toEqual(names(two));
    expect(await all(store.list(AREA, 'three'))).toEqual([]);
  });

  it('goes on behind any key', async () => {
    const { store } = harness();
    for (const workspace of ['a', 'a-b', 'a1', 'b'])
      for (let each = 0; each < 6; each += 1) await store.put(AREA, workspace, Buffer.from(`${each}`), MAX);
    const listed = (await all(store.list(AREA))).map(({ key }) => key);
    expect(listed).toHaveLength(24);
    for (const [at, after] of listed.entries())
      expect((await all(store.list(AREA, undefined, after))).map(({ key }) => key)).toEqual(listed.slice(at + 1));
    const gone = listed[10] as BlobKey;
    await harness().tamper(gone, null);
    expect((await all(store.list(AREA, undefined, gone))).map(({ key }) => key)).toEqual(listed.slice(11));
  });

  it('can be swept while it is listed, as a collector does', async () => {
    const { store } = harness();
    for (let each = 0; each < 30; each += 1) await store.put(AREA, WORKSPACE, Buffer.from(`${each}`), MAX);
    for await (const { key } of store.list(AREA)) expect(await store.removeIfUnusedSince(key, inAnHour())).toBe(true);
    expect(await harness().countFiles()).toBe(0);
    expect(await store.sweepTemporary(inAnHour())).toBe(0);
  });
}
