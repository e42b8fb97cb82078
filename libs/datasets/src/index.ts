export { type ByteSource, fileSource } from './byte-source.js';
export { labelsOfCell, numberOf } from './cell-values.js';
export { CLASS_IMBALANCE_RATIO, imbalanceFinding, isClassColumn } from './class-findings.js';
export type {
  DatasetColumn,
  DatasetRow,
  Finding,
  ImageCell,
  NumericStatistics,
  OpenedDataset,
  Survey,
} from './dataset.js';
export { DATASET_LIMITS, type DatasetLimits } from './limits.js';
export { openDataset } from './open-dataset.js';
export { storedValues } from './stored-table.js';
export { writeTable } from './write-table.js';
