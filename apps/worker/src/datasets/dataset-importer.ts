import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import { pipelined } from '@pentaprism/concurrency';
import {
  datasetContracts,
  MAX_COLUMNS_PER_CALL,
  MAX_FINDINGS_PER_CALL,
  MAX_IMAGES_PER_DATASET_PAGE,
  type importDataset,
  type ContentReference,
  type DatasetColumn,
  type Finding,
  type JobPayload,
  type ResponseOf,
} from '@pentaprism/contracts';
import { isClassColumn, openDataset, writeTable, type OpenedDataset, type Survey } from '@pentaprism/datasets';
import { DomainError, MAX_IMAGE_COLUMNS, MAX_INFLATED_BYTES } from '@pentaprism/domain';
import type { JobControl } from '@pentaprism/jobs';
import { BLOB_STORE } from '@pentaprism/service';
import { UploadsFirst } from '../handlers/uploads-first.js';
import { blobByteSource } from './blob-byte-source.js';
import { ImageImporter, type ImportedImages, type PlacedCell } from './image-importer.js';
import { nearDuplicateFindings } from './near-duplicates.js';
import { RepeatedImages } from './repeated-images.js';
import { rowBatches, type RowBatch } from './row-batches.js';
import { shortened } from './shortened.js';
import { Turn } from './turn.js';

type Payload = JobPayload<typeof importDataset>;
type ImportState = ResponseOf<typeof datasetContracts.importState>;

/** Bytes of the table that an import stores: values of rows without images. */
const MAX_TABLE_BYTES = MAX_INFLATED_BYTES;
/** Batches at a time: one is stored while the one before is decoded. */
const BATCHES_AT_ONCE = 2;
/** Shares of the progress. */
const SURVEYED = 0.1;
const IMPORTED = 0.98;

/** One start of an import. */
interface Import extends Payload {
  readonly control: JobControl;
  readonly dataset: OpenedDataset;
  readonly columns: readonly DatasetColumn[];
}

/**
 * Imports a dataset: surveys its table, stores the table, then imports the images batch by batch. Each step is recorded, so that
 * another start goes on with the next one.
 */
@Injectable()
export class DatasetImporter {
  constructor(
    private readonly bus: Bus,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    private readonly images: ImageImporter,
    private readonly uploads: UploadsFirst,
  ) {}

  async import({ workspace, datasetId }: Payload, control: JobControl): Promise<void> {
    const { signal } = control;
    const state = await this.bus.call(datasetContracts.importState, { datasetId });
    const upload = state.upload ?? (await this.bus.call(datasetContracts.fetch, { datasetId }));
    const key = { area: 'datasets', workspace, sha256: upload.sha256 };
    if (!state.surveyed) await this.blobs.verify(key);
    const dataset = await openDataset(blobByteSource(this.blobs, key, upload.size), { signal });
    const step = { workspace, datasetId, control, dataset };
    if (!state.surveyed) await this.survey(step, state);
    const columns = await this.columnsOf(datasetId);
    await this.importRows({ ...step, columns }, await this.bus.call(datasetContracts.importState, { datasetId }));
  }

  private async survey(step: Omit<Import, 'columns'>, { findingParts }: ImportState): Promise<void> {
    const { workspace, datasetId, dataset, control } = step;
    const { signal } = control;
    const survey = await dataset.survey({ signal, onProgress: (share) => control.progress(share * SURVEYED) });
    requireFewImageColumns(survey);
    const { columns, rowCount, findings, omitted } = survey;
    for (let i = 0; i < columns.length; i += MAX_COLUMNS_PER_CALL)
      await this.bus.call(datasetContracts.recordColumns, {
        datasetId,
        columns: columns.slice(i, i + MAX_COLUMNS_PER_CALL),
      });
    await this.recordFindings(datasetId, { findings, omitted, firstPart: 0, recorded: findingParts });
    const table = await this.storeTable(workspace, dataset, columns, signal);
    const hasImages = columns.some(({ type }) => type === 'Image');
    const recorded = { datasetId, rowCount, columnCount: columns.length, hasImages, table };
    await this.bus.call(datasetContracts.recordSurvey, recorded);
  }

  private async storeTable(
    workspace: string,
    dataset: OpenedDataset,
    columns: readonly DatasetColumn[],
    signal: AbortSignal,
  ): Promise<ContentReference> {
    const bytes = writeTable(columns, dataset.values(columns, { after: 0, signal }));
    const { sha256, size } = await this.blobs.put('datasets', workspace, bytes, {
      maxBytes: MAX_TABLE_BYTES,
      signal,
    });
    return { sha256, size, mediaType: 'text/csv' };
  }

  private async columnsOf(datasetId: string): Promise<DatasetColumn[]> {
    const columns: DatasetColumn[] = [];
    for (;;) {
      const page = await this.bus.call(datasetContracts.columns, { datasetId, offset: columns.length });
      columns.push(...page.columns);
      if (page.columns.length === 0 || columns.length >= page.total) return columns;
    }
  }

  /** Stores the images of a batch while those of the one before are decoded. */
  private async importRows(step: Import, { importedRows, rowCount, findingParts, surveyParts }: ImportState) {
    const { datasetId, dataset, columns, control } = step;
    const { signal } = control;
    const turn = new Turn();
    if (importedRows < rowCount)
      await pipelined(rowBatches(dataset.rows(columns, { after: importedRows, signal }), importedRows), {
        atOnce: BATCHES_AT_ONCE,
        work: async (batch) => {
          turn.begin();
          await this.uploads.wait(step.workspace, signal);
          return this.images.import(cellsOf(batch, columns), { ...step, signal });
        },
        done: async (batch, imported) => {
          await this.record(step, batch, imported, rowCount);
          await turn.letOthersGoFirst(control);
        },
      });
    const repeated = await this.findRepeated(step);
    if (!dataset.hasTable) requireAnyImage(await this.bus.call(datasetContracts.get, { datasetId }));
    await this.recordFindings(datasetId, {
      findings: repeated,
      omitted: {},
      firstPart: surveyParts,
      recorded: findingParts,
    });
  }

  private async record(
    { datasetId, control }: Import,
    { after, rows }: RowBatch,
    { images, findings }: ImportedImages,
    rowCount: number,
  ): Promise<void> {
    const last = rows.at(-1)?.number ?? after;
    await this.bus.call(datasetContracts.recordRows, {
      datasetId,
      after,
      last,
      images,
      findings: findings.map(shortened),
    });
    control.progress(SURVEYED + (IMPORTED - SURVEYED) * (last / rowCount));
  }

  /** Records findings in parts. Parts that have been recorded by an earlier start are left out. */
  private async recordFindings(
    datasetId: string,
    given: Pick<Survey, 'findings' | 'omitted'> & { firstPart: number; recorded: number },
  ): Promise<void> {
    const { findings, omitted, firstPart, recorded } = given;
    const parts = Math.ceil(findings.length / MAX_FINDINGS_PER_CALL) || (Object.keys(omitted).length > 0 ? 1 : 0);
    for (let i = 0; i < parts; i++) {
      if (firstPart + i < recorded) continue;
      await this.bus.call(datasetContracts.recordFindings, {
        datasetId,
        part: firstPart + i,
        findings: findings.slice(i * MAX_FINDINGS_PER_CALL, (i + 1) * MAX_FINDINGS_PER_CALL).map(shortened),
        omitted: i === 0 ? omitted : {},
      });
    }
  }

  private async findRepeated({ datasetId, dataset, columns, control }: Import): Promise<Finding[]> {
    const repeated = new RepeatedImages();
    let after: { row: number; column: number } | undefined;
    for (;;) {
      const page = await this.bus.call(datasetContracts.images, {
        datasetId,
        after,
        limit: MAX_IMAGES_PER_DATASET_PAGE,
      });
      for (const image of page.images) repeated.add(image);
      const last = page.images.at(-1);
      if (!last) break;
      after = { row: last.row, column: last.column };
    }
    const { rows } = repeated;
    const classColumn = columns.find(isClassColumn)?.index;
    const classes = new Map<number, string | null>();
    if (rows.size > 0 && classColumn !== undefined)
      for await (const { number, values } of dataset.values(columns, { after: 0, signal: control.signal }))
        if (rows.has(number)) classes.set(number, values[classColumn] ?? null);
    const names = columns.map(({ name }) => name);
    const near = await nearDuplicateFindings(this.bus, repeated.first, names, control.signal);
    return [...repeated.findings(names, classes), ...near];
  }
}

function cellsOf({ rows }: RowBatch, columns: readonly DatasetColumn[]): PlacedCell[] {
  return rows.flatMap(({ number, images }) =>
    images.map((cell) => ({ row: number, columnName: columns[cell.column]?.name ?? '', cell })),
  );
}

function requireFewImageColumns({ columns }: Survey): void {
  const count = columns.filter(({ type }) => type === 'Image').length;
  if (count > MAX_IMAGE_COLUMNS)
    throw new DomainError(
      'INVALID_ARGUMENT',
      `The table has ${count} image columns; at most ${MAX_IMAGE_COLUMNS} are allowed.`,
    );
}

/** An archive of images without a single one that can be decoded is no dataset. */
function requireAnyImage({ imageCount }: { imageCount: number }): void {
  if (imageCount === 0) throw new DomainError('INVALID_ARGUMENT', 'None of the images of the archive can be decoded.');
}
