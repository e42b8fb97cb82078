import type { ColumnType, FindingKind } from '@pentaprism/domain';

/** A defect of an upload. `row` is 1-based. `message` states what is wrong, with numbers, and leaves out the place. */
export interface Finding {
  kind: FindingKind;
  row: number | null;
  column: string | null;
  file: string | null;
  message: string;
}

/**
 * Statistics of the numbers of a column, without its mistyped values. `standardDeviation` is that of a sample. `median` is
 * exact up to 4,000,000 numbers divided by the number of columns, and 1,000,000 at most. Beyond, it is an estimate.
 */
export interface NumericStatistics {
  min: number;
  max: number;
  mean: number;
  median: number;
  standardDeviation: number;
}

export interface DatasetColumn {
  index: number;
  name: string;
  type: ColumnType;
  /**
   * Different values, missing ones not counted. Exact up to 1,500,000 divided by the number of columns, and 1,000,000 at
   * most. A column with more values has this number.
   */
  uniqueCount: number;
  missingCount: number;
  /** The values of a column that has two, unless one has more than `MAX_LABEL_LENGTH` characters. */
  values?: string[];
  /** Whether no model can learn from the column: it has one value at most, or is text with a new value in every row. */
  lowInformation: boolean;
  /** Null unless the type is Numeric. */
  statistics: NumericStatistics | null;
}

export interface Survey {
  columns: DatasetColumn[];
  rowCount: number;
  /** Cells of image columns that are not empty. */
  imageCount: number;
  /** Findings about the table and the archive. Findings about one image cell are in the cells that `rows()` returns. */
  findings: Finding[];
  /** Findings left out because their kind has reached `MAX_FINDINGS_PER_KIND`. */
  omitted: Partial<Record<FindingKind, number>>;
}

export type ImageCell =
  | {
      kind: 'bytes';
      column: number;
      /** Name of the archive's entry. Null for base64. */
      name: string | null;
      size: number;
      /** Returns the file, which has been checked against its checksum. Its first bytes are those of an image. */
      open(): Promise<Buffer>;
    }
  | { kind: 'address'; column: number; address: string }
  | { kind: 'none'; column: number; finding: Finding };

/** A row. It holds the bytes of its base64, so that few may be kept. Files of an archive are read again if needed. */
export interface DatasetRow {
  /** 1-based. */
  number: number;
  /** Values by column, null where missing. Of an image column: the entry's name, the address, or null for base64. */
  values: (string | null)[];
  /** One cell for each image column, in the order of columns. */
  images: ImageCell[];
}

/** An upload that has been recognised. Reads nothing outside of the upload, and writes nothing. */
export interface OpenedDataset {
  /** Whether the upload is a table, or an archive with one. Without one, there is nothing but the images. */
  readonly hasTable: boolean;
  /** Reads every row once, without the images. Gives the same result for the same bytes. Its memory is bounded. */
  survey(options: { signal: AbortSignal; onProgress?: (share: number) => void }): Promise<Survey>;
  /**
   * Yields rows in order, those after the first `after` ones.
   *
   * @param columns those of the survey, which a job that starts again need not repeat
   */
  rows(
    columns: readonly DatasetColumn[],
    options: { after: number; signal: AbortSignal },
  ): AsyncGenerator<DatasetRow, void, undefined>;
  /** Yields the values of rows without checking or decoding any image, which is much faster. */
  values(
    columns: readonly DatasetColumn[],
    options: { after: number; signal: AbortSignal },
  ): AsyncGenerator<Pick<DatasetRow, 'number' | 'values'>, void, undefined>;
}
