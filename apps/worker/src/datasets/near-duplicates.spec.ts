import { describe, expect, it } from '@jest/globals';
import type { Bus } from '@pentaprism/bus';
import { contentContracts, type RequestOf, type Rpc } from '@pentaprism/contracts';
import { nearDuplicateFindings, type FirstImage } from './near-duplicates.js';

const HASHES: Readonly<Record<string, string>> = {
  a: 'ffff0000ffff0000',
  // 1, 4 and 5 bits from the first.
  b: 'ffff0000ffff0001',
  c: 'ffff0000ffff000f',
  d: 'ffff0000ffffff00',
  e: '0123456789abcdef',
  flat: '0000000000000000',
};

const bus = {
  call: (rpc: Rpc, request: unknown) => {
    expect(rpc).toBe(contentContracts.perceptualHashes);
    const { hashes } = request as RequestOf<typeof contentContracts.perceptualHashes>;
    const contents = hashes.flatMap((sha256) => ({ sha256, perceptualHash: HASHES[sha256] ?? '' }));
    return Promise.resolve({ contents: contents.filter(({ perceptualHash }) => perceptualHash !== '') });
  },
} as unknown as Bus;

async function linesOf(...images: [sha256: string, column?: number][]): Promise<string[]> {
  const first = images.map(([sha256, column = 1], i): FirstImage => ({
    row: i + 1,
    column,
    label: `${i}.jpg`,
    sha256,
  }));
  const { signal } = new AbortController();
  const findings = await nearDuplicateFindings(bus, first, ['class', 'image', 'back'], signal);
  return findings.map(({ kind, row, column, file, message }) => `${kind} ${row} ${column} ${file}: ${message}`);
}

describe('nearDuplicateFindings', () => {
  it('finds images whose hashes differ in few bits from that of an earlier one', async () => {
    expect(await linesOf(['e'], ['b'], ['a'], ['c'], ['d'])).toEqual([
      'near-duplicate 3 image 2.jpg: looks like row 2 (1.jpg): 1 of 64 bits of their perceptual hashes differ',
      'near-duplicate 4 image 3.jpg: looks like row 2 (1.jpg): 3 of 64 bits of their perceptual hashes differ',
    ]);
  });

  it('compares the images of one column with each other only', async () => {
    expect(await linesOf(['a', 1], ['b', 2])).toEqual([]);
  });

  it('leaves out pictures of one color, and images that have no hash', async () => {
    expect(await linesOf(['flat'], ['flat', 2], ['flat'], ['unknown'], ['unknown'])).toEqual([]);
  });
});
