import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import { MAX_IMAGES_PER_DATASET_PAGE, tablePredictionContracts, type ResponseOf } from '@pentaprism/contracts';
import { storedValues } from '@pentaprism/datasets';
import { MAX_DATASET_COLUMNS } from '@pentaprism/domain';
import { BLOB_STORE } from '@pentaprism/service';
import { blobByteSource } from '../datasets/blob-byte-source.js';

export type PredictionPlan = ResponseOf<typeof tablePredictionContracts.plan>;

/** A row that is to be predicted, before its images are read. */
export interface PlacedRow {
  /** From 1. */
  readonly number: number;
  /** The cell of each column by its name; null where missing. */
  readonly cells: ReadonlyMap<string, string | null>;
  /** The content of each image column by its name. */
  readonly contents: ReadonlyMap<string, string>;
}

export interface RowsRequest {
  readonly workspace: string;
  readonly projectId: string;
  readonly predictionId: string;
  readonly plan: PredictionPlan;
}

/**
 * Rows that are in memory at a time, with a few MB of embeddings for each image column, and bytes of their cells, beyond which a
 * batch ends: a cell alone may have 20 MiB.
 */
export const BATCH = { rows: 500, bytes: 32 * 1024 ** 2 };

/** Reads the rows of data to predict, a few at a time. */
@Injectable()
export class RowsToPredict {
  constructor(
    private readonly bus: Bus,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
  ) {}

  /** Yields the rows behind one in their order, as many at a time as the limits allow. */
  async *batches(
    request: RowsRequest,
    after: number,
    signal: AbortSignal,
    limits = BATCH,
  ): AsyncGenerator<PlacedRow[], void> {
    const names = new Map(request.plan.columns.map(({ index, name }) => [index, name]));
    const images = new ImagesInOrder(this.images(request, after, signal));
    let batch: PlacedRow[] = [];
    let bytes = 0;
    for await (const { number, cells } of this.rows(request, after, signal)) {
      const contents = new Map<string, string>();
      for (const { column, sha256 } of await images.ofRow(number)) contents.set(names.get(column) ?? '', sha256);
      batch.push({ number, cells, contents });
      for (const cell of cells.values()) bytes += bytesOf(cell);
      if (batch.length < limits.rows && bytes < limits.bytes) continue;
      yield batch;
      [batch, bytes] = [[], 0];
    }
    if (batch.length > 0) yield batch;
  }

  private async *rows({ workspace, plan }: RowsRequest, after: number, signal: AbortSignal) {
    const columns = plan.columns.filter(({ hasImages }) => !hasImages);
    if (columns.length === 0) {
      for (let number = after + 1; number <= plan.rowCount; number++) yield { number, cells: new Map<string, null>() };
      return;
    }
    const key = { area: 'datasets', workspace, sha256: plan.table.sha256 };
    const source = blobByteSource(this.blobs, key, plan.table.size);
    for await (const { number, values } of storedValues(source, columns, { after, signal }))
      yield { number, cells: new Map(columns.map(({ name }, i) => [name, values[i] ?? null])) };
  }

  private async *images({ projectId, predictionId, plan }: RowsRequest, behind: number, signal: AbortSignal) {
    if (!plan.columns.some(({ hasImages }) => hasImages)) return;
    const key = { projectId, predictionId, limit: MAX_IMAGES_PER_DATASET_PAGE };
    let after = behind === 0 ? undefined : { row: behind, column: MAX_DATASET_COLUMNS };
    for (;;) {
      signal.throwIfAborted();
      const { images } = await this.bus.call(tablePredictionContracts.images, { ...key, after });
      yield* images;
      const last = images.at(-1);
      if (!last) return;
      after = { row: last.row, column: last.column };
    }
  }
}

/** A text in memory has at most two bytes for each character. */
function bytesOf(cell: string | null): number {
  return 2 * (cell?.length ?? 0);
}

type PlacedImage = ResponseOf<typeof tablePredictionContracts.images>['images'][number];

/** Images in the order of rows, which are taken row by row. */
class ImagesInOrder {
  private next: PlacedImage | undefined;

  constructor(private readonly images: AsyncGenerator<PlacedImage, void>) {}

  /** @param row larger than that of the call before */
  async ofRow(row: number): Promise<PlacedImage[]> {
    const found: PlacedImage[] = [];
    for (;;) {
      this.next ??= await this.read();
      if (!this.next || this.next.row > row) return found;
      if (this.next.row === row) found.push(this.next);
      this.next = undefined;
    }
  }

  private async read(): Promise<PlacedImage | undefined> {
    const { value, done } = await this.images.next();
    return done === true ? undefined : value;
  }
}
