import { describe, expect, it } from '@jest/globals';
import { MAX_DATASET_IMAGES_PER_BATCH } from '@pentaprism/contracts';
import type { DatasetRow, ImageCell } from '@pentaprism/datasets';
import { MAX_CELL_BYTES_PER_BATCH, rowBatches } from './row-batches.js';

const cell: ImageCell = { kind: 'address', column: 0, address: 'http://example.org/a.jpg' };

async function* rows(count: number, images: number, after = 0, each = cell): AsyncGenerator<DatasetRow> {
  for (let i = 1; i <= count; i++) yield { number: after + i, values: [], images: Array(images).fill(each) };
}

async function batchesOf(source: AsyncIterable<DatasetRow>, after = 0) {
  const found: [after: number, first: number, last: number][] = [];
  for await (const batch of rowBatches(source, after))
    found.push([batch.after, batch.rows[0]?.number ?? 0, batch.rows.at(-1)?.number ?? 0]);
  return found;
}

describe('rowBatches', () => {
  it('fills batches with as many images as one call records', async () => {
    const count = MAX_DATASET_IMAGES_PER_BATCH + 1;
    expect(await batchesOf(rows(count, 1))).toEqual([
      [0, 1, count - 1],
      [count - 1, count, count],
    ]);
  });

  it('never splits the images of a row', async () => {
    expect(await batchesOf(rows(3, MAX_DATASET_IMAGES_PER_BATCH - 1))).toEqual([
      [0, 1, 1],
      [1, 2, 2],
      [2, 3, 3],
    ]);
  });

  it('limits the bytes of decoded cells, but not of files in an archive, which are read one by one', async () => {
    const size = MAX_CELL_BYTES_PER_BATCH / 2 + 1;
    const inMemory = {
      kind: 'bytes',
      column: 0,
      name: null,
      size,
      open: () => Promise.resolve(Buffer.alloc(0)),
    } as const;
    expect(await batchesOf(rows(3, 1, 0, inMemory))).toHaveLength(3);
    expect(await batchesOf(rows(3, 1, 0, { ...inMemory, name: 'a.jpg' }))).toHaveLength(1);
  });

  it('goes on after the rows that have been recorded', async () => {
    expect(await batchesOf(rows(2, 1, 7), 7)).toEqual([[7, 8, 9]]);
  });

  it('returns no batch for no rows', async () => {
    expect(await batchesOf(rows(0, 1))).toEqual([]);
  });
});
