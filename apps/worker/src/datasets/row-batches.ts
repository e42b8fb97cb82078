import { MAX_DATASET_IMAGES_PER_BATCH } from '@pentaprism/contracts';
import type { DatasetRow } from '@pentaprism/datasets';

/** Rows of one batch, for tables with few images. */
export const MAX_ROWS_PER_BATCH = 2_000;

/** Consecutive rows whose images are imported and recorded together. */
export interface RowBatch {
  /** The number of the row before the first one. */
  readonly after: number;
  readonly rows: readonly DatasetRow[];
}

/** Groups rows into batches that hold at most `MAX_DATASET_IMAGES_PER_BATCH` image cells and `MAX_ROWS_PER_BATCH` rows. */
export async function* rowBatches(rows: AsyncIterable<DatasetRow>, after: number): AsyncGenerator<RowBatch, void> {
  let batch: DatasetRow[] = [];
  let images = 0;
  for await (const row of rows) {
    const isFull = images + row.images.length > MAX_DATASET_IMAGES_PER_BATCH || batch.length === MAX_ROWS_PER_BATCH;
    if (isFull && batch.length > 0) {
      yield { after, rows: batch };
      after = batch.at(-1)?.number ?? after;
      [batch, images] = [[], 0];
    }
    batch.push(row);
    images += row.images.length;
  }
  if (batch.length > 0) yield { after, rows: batch };
}
