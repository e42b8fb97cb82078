import { describe, expect, it } from '@jest/globals';
import { VectorSet } from '@pentaprism/similarity';
import { ComparisonTurns } from './comparison-turns.js';
import { FindNearDuplicates } from './find-near-duplicates.usecase.js';
import { ImageColumn } from './image-column.js';
import type { ImageColumns } from './image-columns.js';
import type { VectorCache } from './vector-cache.js';

const REQUEST = { projectId: 'p', threshold: 8, offset: 0, limit: 10 };

/** A column of two images of one hash. */
function twoImages(key: string): ImageColumn {
  const images = ['one', 'other'].map((name) => ({ imageId: name, sha256: name, rowCount: 1 }));
  const hashes = new Map(images.map(({ sha256 }) => [sha256, { perceptualHash: '0'.repeat(16), pixelDigest: null }]));
  return new ImageColumn(key, images, hashes, 0);
}

describe('FindNearDuplicates', () => {
  it('finds those of one workspace while the embeddings of others are still being read', async () => {
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const set = new VectorSet(2);
    for (const name of ['one', 'other']) set.add(name, Float32Array.of(1, 0));
    const columns = { get: async (workspace: string) => twoImages(workspace) } as unknown as ImageColumns;
    const vectors = {
      read: async (workspace: string, _hashes: unknown, work: Parameters<VectorCache['read']>[2]) => {
        if (workspace.startsWith('slow')) await answered;
        return work(new Map([['backbone', set]]), 0);
      },
    } as unknown as VectorCache;
    const duplicates = new FindNearDuplicates(columns, vectors, new ComparisonTurns());
    const slow = ['slow 1', 'slow 1', 'slow 2', 'slow 2'].map((workspace) => duplicates.execute(workspace, REQUEST));
    expect(await duplicates.execute('w', REQUEST)).toMatchObject({ total: 1, groups: [{ imageCount: 2 }] });
    answer();
    for (const page of await Promise.all(slow)) expect(page).toMatchObject({ total: 1 });
  });
});
