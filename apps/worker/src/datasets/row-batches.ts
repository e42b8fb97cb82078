import { MAX_DATASET_IMAGES_PER_BATCH } from '@pentaprism/contracts';
import type { DatasetRow, ImageCell } from '@pentaprism/datasets';

/** Bytes of images of one batch that are in memory, which are those of cells. Images of archives are read one by one. */
export const MAX_CELL_BYTES_PER_BATCH = 32 * 1024 ** 2;

/** Consecutive rows whose images are imported and recorded together. */
export interface RowBatch {
  /** The number of the row before the first one. */
  readonly after: number;
  readonly rows: readonly DatasetRow[];
}

/**
 * Groups rows into batches that hold at most `MAX_DATASET_IMAGES_PER_BATCH` image cells and `MAX_CELL_BYTES_PER_BATCH` bytes. A
 * row with more bytes is a batch of its own.
 */
export async function* rowBatches(rows: AsyncIterable<DatasetRow>, after: number): AsyncGenerator<RowBatch, void> {
  let batch: DatasetRow[] = [];
  let [images, bytes] = [0, 0];
  for await (const row of rows) {
    const rowBytes = row.images.reduce((sum, cell) => sum + bytesInMemory(cell), 0);
    const isFull =
      images + row.images.length > MAX_DATASET_IMAGES_PER_BATCH || bytes + rowBytes > MAX_CELL_BYTES_PER_BATCH;
    if (isFull && batch.length > 0) {
      yield { after, rows: batch };
      after = batch.at(-1)?.number ?? after;
      [batch, images, bytes] = [[], 0, 0];
    }
    batch.push(row);
    images += row.images.length;
    bytes += rowBytes;
  }
  if (batch.length > 0) yield { after, rows: batch };
}

/** Cells of base64 hold their decoded bytes. */
function bytesInMemory(cell: ImageCell): number {
  return cell.kind === 'bytes' && cell.name === null ? cell.size : 0;
}
