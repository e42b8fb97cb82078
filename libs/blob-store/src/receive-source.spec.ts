import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { HEAD_BYTES } from './blob-store.js';
import { receiveSource } from './receive-source.js';

const KB = 1024;

/** Bytes that differ from place to place, in chunks of these sizes. */
async function* chunksOf(sizes: Iterable<number>): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of sizes) yield Uint8Array.from({ length: size }, () => at++ % 251);
}

async function receive(sizes: readonly number[]) {
  const writes: (readonly Uint8Array[])[] = [];
  const received = await receiveSource(chunksOf(sizes), { maxBytes: 4096 * KB }, async (chunks, bytes) => {
    expect(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0)).toBe(bytes);
    writes.push(chunks);
  });
  const written = Buffer.concat(writes.flat());
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(written).toEqual(Buffer.from(Array.from({ length: total }, (_, i) => i % 251)));
  expect(received).toEqual({
    sha256: createHash('sha256').update(written).digest('hex'),
    size: total,
    head: written.subarray(0, HEAD_BYTES),
  });
  return writes.map((chunks) => chunks.map(({ byteLength }) => byteLength / KB));
}

describe('receiveSource', () => {
  it('joins single bytes to blocks of 16 KiB, so that they take hardly more memory than their own', async () => {
    const block = Array.from({ length: 16 }, () => 16);
    expect(await receive(Array.from({ length: 300 * KB }, () => 1))).toEqual([block, [16, 16, 12]]);
  });

  it('writes large chunks as they came', async () => {
    expect(await receive([64 * KB, 200 * KB, 64 * KB])).toEqual([[64, 200], [64]]);
  });

  it.each([
    [[KB, 64 * KB, 2 * KB, KB, 200 * KB], [[1, 64, 3, 200]]],
    [[10 * KB, 10 * KB, 64 * KB], [[16, 4, 64]]],
    [[], []],
  ])('keeps the order of chunks of %j bytes', async (sizes, expected) => {
    expect(await receive(sizes)).toEqual(expected);
  });
});
