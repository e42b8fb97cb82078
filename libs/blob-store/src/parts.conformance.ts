import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { expect, it } from '@jest/globals';
import type { BlobKey } from './blob-key.js';
import type { BlobPart } from './blob-store.js';
import type { BlobStoreHarness } from './damage.conformance.js';

const AREA = 'eventimages';
const WORKSPACE = 'library';
const SIZE = 3_000_000;
const DATA_LOSS = { code: 'DATA_LOSS' };

/** A part that is read at once, and one that is larger than a chunk of a stream. */
const PARTS = [
  [1_000, 50_000],
  [700_001, 2_000_000],
] as const;

function partOf(bytes: Buffer, offset: number, length: number): BlobPart {
  const sha256 = createHash('sha256')
    .update(bytes.subarray(offset, offset + length))
    .digest('hex');
  return { offset, length, sha256 };
}

/** What every adapter does with parts of blobs that hold several files. */
export function describeParts(harness: () => BlobStoreHarness): void {
  const stored = async (): Promise<{ bytes: Buffer; key: BlobKey }> => {
    const bytes = randomBytes(SIZE);
    return { bytes, key: (await harness().store.put(AREA, WORKSPACE, bytes, { maxBytes: SIZE })).key };
  };
  /** Every way to read a part, with the bytes that each has to give. */
  const reads = ({ offset, length }: BlobPart) =>
    [
      [offset, offset + length, (key: BlobKey, part: BlobPart) => harness().store.readPart(key, part)],
      [offset, offset + length, async (key, part) => buffer(await harness().store.openPart(key, part))],
      [
        offset + 5,
        offset + 10,
        async (key, part) => buffer(await harness().store.openPart(key, part, { start: 5, end: 9 })),
      ],
      [
        offset + length - 9,
        offset + length,
        async (key, part) => buffer(await harness().store.openPart(key, part, { start: length - 9, end: SIZE })),
      ],
      [offset, offset, async (key, part) => buffer(await harness().store.openPart(key, part, { start: length }))],
    ] as [number, number, (key: BlobKey, part: BlobPart) => Promise<Buffer>][];

  it.each(PARTS)(
    'reads and opens the part at %i of %i bytes, also when it was checked before',
    async (offset, length) => {
      const { bytes, key } = await stored();
      const part = partOf(bytes, offset, length);
      await harness().age?.(key, new Date(Date.now() - 3_600_000));
      for (let round = 0; round < 2; round += 1)
        for (const [from, to, read] of reads(part))
          expect((await read(key, part)).equals(bytes.subarray(from, to))).toBe(true);
      expect(harness().damages).toEqual([]);
    },
  );

  it.each(PARTS)('refuses the part at %i of %i bytes with a changed byte', async (offset, length) => {
    const { bytes, key } = await stored();
    const part = partOf(bytes, offset, length);
    bytes.writeUInt8(bytes.readUInt8(offset + length - 1) ^ 1, offset + length - 1);
    await harness().tamper(key, bytes);
    for (const [from, to, read] of reads(part)) {
      if (from < to) await expect(read(key, part)).rejects.toMatchObject({ ...DATA_LOSS, details: { fault: 'hash' } });
    }
    expect(harness().damages.at(-1)).toEqual({ key, fault: 'hash', repaired: false });
  });

  it.each([1_049, 0])(
    'refuses a part of a blob that ends at byte %i, and says so before the first byte',
    async (size) => {
      const { bytes, key } = await stored();
      const part = partOf(bytes, 1_000, 50);
      await harness().tamper(key, bytes.subarray(0, size));
      await expect(harness().store.readPart(key, part)).rejects.toMatchObject(DATA_LOSS);
      await expect(harness().store.openPart(key, part)).rejects.toMatchObject(DATA_LOSS);
      expect(harness().damages.at(-1)).toEqual({ key, fault: 'size', repaired: false });
    },
  );

  it('reads an intact part of a blob that is damaged elsewhere', async () => {
    const { bytes, key } = await stored();
    const part = partOf(bytes, 1_000, 50_000);
    await harness().tamper(key, bytes.fill(0, 100, 200).subarray(0, SIZE - 1));
    for (const [from, to, read] of reads(part))
      expect((await read(key, part)).equals(bytes.subarray(from, to))).toBe(true);
  });

  it('reads a part without bytes', async () => {
    const { bytes, key } = await stored();
    const { store } = harness();
    for (const offset of [0, 70, SIZE]) {
      expect(await store.readPart(key, partOf(bytes, offset, 0))).toHaveLength(0);
      expect(await buffer(await store.openPart(key, partOf(bytes, offset, 0)))).toHaveLength(0);
    }
    const other = { offset: 70, length: 0, sha256: key.sha256 };
    await expect(store.readPart(key, other)).rejects.toMatchObject(DATA_LOSS);
    await expect(store.openPart(key, other)).rejects.toMatchObject(DATA_LOSS);
  });

  it('says NOT_FOUND for a part of a blob that is not there', async () => {
    const { store } = harness();
    const key = { area: AREA, workspace: WORKSPACE, sha256: 'a'.repeat(64) };
    const part = partOf(randomBytes(10), 0, 10);
    await expect(store.readPart(key, part)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(store.openPart(key, part)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it.each([{ offset: -1 }, { offset: 0.5 }, { length: -1 }, { length: Number.NaN }, { sha256: '..' }])(
    'refuses a part with %j',
    async (change) => {
      const { bytes, key } = await stored();
      const part = { ...partOf(bytes, 10, 10), ...change };
      await expect(harness().store.readPart(key, part)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect(harness().store.openPart(key, part)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    },
  );
}
