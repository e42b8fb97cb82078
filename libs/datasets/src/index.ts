export { type ByteSource, fileSource } from './byte-source.js';
export { CLASS_IMBALANCE_RATIO } from './class-findings.js';
export type {
  DatasetColumn,
  DatasetRow,
  Finding,
  ImageCell,
  NumericStatistics,
  OpenedDataset,
  Survey,
} from './dataset.js';
export { findingLine } from './finding.js';
export { DATASET_LIMITS, type DatasetLimits } from './limits.js';
export { openDataset } from './open-dataset.js';
export { tableLine, writeTable } from './write-table.js';
