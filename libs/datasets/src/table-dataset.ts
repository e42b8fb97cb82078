import type { ArchiveEntry } from './archive-entry.js';
import type { ArchiveFiles } from './archive-files.js';
import { ArchiveImages } from './archive-images.js';
import type { ByteSource } from './byte-source.js';
import { isMissing, withDecimalPoint } from './cell-values.js';
import type { DatasetColumn, DatasetRow, OpenedDataset, Survey } from './dataset.js';
import { hasImageExtension } from './image-bytes.js';
import type { DatasetLimits } from './limits.js';
import { quoted, refusal } from './refusal.js';
import { TableImages } from './table-images.js';
import { readTableRows, type TableBytes, type TableHead } from './table-rows.js';
import { TableSurvey } from './table-survey.js';

/** The archive that a table is in. */
export interface TableArchive {
  source: ByteSource;
  files: ArchiveFiles;
  table: ArchiveEntry;
}

interface RowOptions {
  after: number;
  signal: AbortSignal;
}

/** A table, with or without an archive of the files that it names. */
export class TableDataset implements OpenedDataset {
  readonly hasTable = true;
  constructor(
    private readonly bytes: TableBytes,
    private readonly head: TableHead,
    private readonly archive: TableArchive | null,
    private readonly limits: DatasetLimits,
  ) {}

  async survey(options: { signal: AbortSignal; onProgress?: (share: number) => void }): Promise<Survey> {
    const files = this.archive?.files ?? null;
    const survey = new TableSurvey(this.head, files, this.limits);
    for await (const rows of readTableRows(this.bytes, this.head, this.limits, options)) {
      for (const cells of rows) survey.add(cells);
    }
    const result = survey.result(this.archive?.table ?? null);
    this.checkNamesImages(result.columns);
    return result;
  }

  /** An archive whose table names none of its images is a mistake, which a dataset without images would hide. */
  private checkNamesImages(columns: readonly DatasetColumn[]): void {
    if (this.archive === null || columns.some(({ type }) => type === 'Image')) return;
    const image = this.archive.files.files.find(({ name }) => hasImageExtension(name));
    if (image === undefined) return;
    throw refusal(
      `No column of ${quoted(this.archive.table.name)} names the images of the archive, such as ${quoted(image.name)}. Add a column with their paths, or leave the table out.`,
    );
  }

  async *rows(columns: readonly DatasetColumn[], options: RowOptions): AsyncGenerator<DatasetRow, void, undefined> {
    const images = this.images();
    const imageColumns = columns.filter(({ type }) => type === 'Image');
    for await (const { number, cells, values } of this.plainRows(columns, options, images)) {
      const row: DatasetRow = { number, values, images: [] };
      for (const { index, name } of imageColumns) {
        row.images.push(await images.cell({ row: number, column: index, columnName: name }, cells[index] ?? ''));
      }
      yield row;
    }
  }

  async *values(
    columns: readonly DatasetColumn[],
    options: RowOptions,
  ): AsyncGenerator<Pick<DatasetRow, 'number' | 'values'>, void, undefined> {
    for await (const { number, values } of this.plainRows(columns, options, this.images())) yield { number, values };
  }

  private async *plainRows(columns: readonly DatasetColumn[], { after, signal }: RowOptions, images: TableImages) {
    let number = 0;
    for await (const batch of readTableRows(this.bytes, this.head, this.limits, { signal })) {
      for (const cells of batch) {
        number += 1;
        if (number <= after) continue;
        signal.throwIfAborted();
        yield { number, cells, values: columns.map((column) => this.valueOf(column, cells, images)) };
      }
    }
  }

  private valueOf({ index, type }: DatasetColumn, cells: readonly string[], images: TableImages): string | null {
    const cell = cells[index] ?? '';
    if (type === 'Image') return images.value(cell);
    if (isMissing(cell)) return null;
    return type === 'Numeric' && this.head.decimalComma ? withDecimalPoint(cell) : cell;
  }

  private images(): TableImages {
    if (this.archive === null) return new TableImages(null, null);
    return new TableImages(this.archive.files, new ArchiveImages(this.archive.source, this.limits));
  }
}
