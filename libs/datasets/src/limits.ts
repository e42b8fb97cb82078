import {
  FREE_INFLATED_BYTES,
  MAX_ARCHIVE_ENTRIES,
  MAX_CELL_BYTES,
  MAX_COLUMN_NAME_LENGTH,
  MAX_DATASET_ADDRESSES,
  MAX_DATASET_COLUMNS,
  MAX_DATASET_IMAGE_BYTES,
  MAX_DATASET_IMAGES,
  MAX_DATASET_ROWS,
  MAX_ENTRY_NAME_LENGTH,
  MAX_FINDINGS_PER_KIND,
  MAX_HEADER_BYTES,
  MAX_INFLATED_BYTES,
  MAX_INFLATION_RATIO,
} from '@pentaprism/domain';

export interface DatasetLimits {
  entries: number;
  inflatedBytes: number;
  inflationRatio: number;
  freeInflatedBytes: number;
  entryNameLength: number;
  imageBytes: number;
  rows: number;
  images: number;
  columns: number;
  columnNameLength: number;
  cellBytes: number;
  /** Characters of a row of a table, which is in memory as a whole: three cells of the largest size. */
  rowLength: number;
  headerBytes: number;
  addresses: number;
  findingsPerKind: number;
}

export const DATASET_LIMITS: Readonly<DatasetLimits> = {
  entries: MAX_ARCHIVE_ENTRIES,
  inflatedBytes: MAX_INFLATED_BYTES,
  inflationRatio: MAX_INFLATION_RATIO,
  freeInflatedBytes: FREE_INFLATED_BYTES,
  entryNameLength: MAX_ENTRY_NAME_LENGTH,
  imageBytes: MAX_DATASET_IMAGE_BYTES,
  rows: MAX_DATASET_ROWS,
  images: MAX_DATASET_IMAGES,
  columns: MAX_DATASET_COLUMNS,
  columnNameLength: MAX_COLUMN_NAME_LENGTH,
  cellBytes: MAX_CELL_BYTES,
  rowLength: 3 * MAX_CELL_BYTES,
  headerBytes: MAX_HEADER_BYTES,
  addresses: MAX_DATASET_ADDRESSES,
  findingsPerKind: MAX_FINDINGS_PER_KIND,
};
