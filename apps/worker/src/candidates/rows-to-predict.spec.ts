import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FileBlobStore } from '@pentaprism/blob-store';
import type { Bus } from '@pentaprism/bus';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BATCH, RowsToPredict, type PredictionPlan, type RowsRequest } from './rows-to-predict.js';

/** Seven rows; the second and the fifth have a large cell. Each row has an image but the third. */
const CELLS = ['a', 'b'.repeat(100), 'c', 'd', 'e'.repeat(100), 'f', 'g'];
const IMAGES = [1, 2, 4, 5, 6, 7].map((row) => ({ row, column: 1, sha256: `hash ${row}` }));
const signal = new AbortController().signal;

let directory: string;
let rows: RowsToPredict;
let request: RowsRequest;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'pentaprism-rows-'));
  const blobs = await FileBlobStore.open(directory);
  const csv = Buffer.from(['text,image', ...CELLS.map((cell, i) => `${cell},${i}.jpg`)].join('\n'));
  const table = await blobs.put('datasets', 'w', csv, { maxBytes: 10_000 });
  const bus = {
    call: async (_rpc: unknown, { after }: { after?: { row: number; column: number } }) => ({
      images: IMAGES.filter(
        ({ row, column }) => !after || row > after.row || (row === after.row && column > after.column),
      ),
    }),
  } as unknown as Bus;
  rows = new RowsToPredict(bus, blobs);
  const columns = [
    { index: 0, name: 'text', hasImages: false },
    { index: 1, name: 'image', hasImages: true },
  ];
  const plan = { rowCount: CELLS.length, table, columns } as unknown as PredictionPlan;
  request = { workspace: 'w', projectId: 'p', predictionId: 'q', plan };
});
afterAll(() => rm(directory, { recursive: true }));

/** Returns the numbers of the rows of each batch. */
async function batches(after: number, limits: { rows: number; bytes: number }): Promise<number[][]> {
  const found: number[][] = [];
  for await (const batch of rows.batches(request, after, signal, limits)) found.push(batch.map(({ number }) => number));
  return found;
}

describe('the rows to predict', () => {
  it('are read in batches of so many rows', async () => {
    expect(await batches(0, { rows: 3, bytes: 10_000 })).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
  });

  it('are read in batches that end with the row whose cells exceed the bytes of a batch', async () => {
    expect(await batches(0, { rows: 500, bytes: 200 })).toEqual([
      [1, 2],
      [3, 4, 5],
      [6, 7],
    ]);
  });

  it('are held up to 500 rows or 32 MiB of cells by default', () => {
    expect(BATCH).toEqual({ rows: 500, bytes: 32 * 1024 ** 2 });
  });

  it('begin behind those that were predicted, with the images of their own', async () => {
    const found: (string | undefined)[] = [];
    for await (const batch of rows.batches(request, 2, signal))
      found.push(
        ...batch.map(({ number, cells, contents }) => `${number} ${cells.get('text')?.[0]} ${contents.get('image')}`),
      );
    expect(found).toEqual(['3 c undefined', '4 d hash 4', '5 e hash 5', '6 f hash 6', '7 g hash 7']);
  });
});
