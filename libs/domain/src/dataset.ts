/** What the values of a dataset's column are, in the words of DataRobot. `Multicategorical`: lists of labels. */
export const COLUMN_TYPES = ['Image', 'Categorical', 'Multicategorical', 'Numeric', 'Boolean', 'Date', 'Text'] as const;
export type ColumnType = (typeof COLUMN_TYPES)[number];

/** `importing` until its job has ended. A dataset whose import fails is removed. */
export const DATASET_STATES = ['importing', 'ready'] as const;
export type DatasetState = (typeof DATASET_STATES)[number];

/** `filling` until the images of the dataset have been added to the project. A project whose job fails is removed. */
export const MODELING_STATES = ['filling', 'ready'] as const;
export type ModelingState = (typeof MODELING_STATES)[number];

/** How much a project's models are searched for, in the words of DataRobot. `manual`: only those that are asked for. */
export const MODELING_MODES = ['auto', 'manual', 'quick', 'comprehensive'] as const;
export type ModelingMode = (typeof MODELING_MODES)[number];

/** What the data quality check of a dataset finds, worst first. */
export const FINDING_KINDS = [
  /** The file is an image that cannot be decoded. */
  'unreadable',
  /** The file ends before its last pixel. */
  'cut-off',
  'empty-file',
  /** The file or value is not an image. */
  'not-an-image',
  /** The image is larger than the limits of decoding allow. */
  'too-large',
  /** The table names a file that the archive does not contain. */
  'missing-file',
  /** The address in a cell cannot be fetched. */
  'unreachable-address',
  /** The cell of an image column is empty. */
  'missing-image',
  /** The same bytes have different values of the target, or of the class. */
  'leakage',
  /** A value of a numeric column is not a number. */
  'mistyped-number',
  /** Values of a column are missing. */
  'missing-values',
  /** One class has many times the rows of another. */
  'class-imbalance',
  /** The same bytes are in an earlier row. */
  'duplicate',
  /** The image looks like one of an earlier row. */
  'near-duplicate',
  'low-information',
  'too-dark',
  'too-bright',
  'blurred',
  'tiny',
  'odd-proportions',
  /** The archive contains a file that is not an image, or that no row of the table names. */
  'unused-file',
] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** Kinds that were added after others. Findings are stored with numbers of their kinds, which must not change. */
const ADDED_LATER: readonly FindingKind[] = ['near-duplicate'];
const NUMBERED = [...FINDING_KINDS.filter((kind) => !ADDED_LATER.includes(kind)), ...ADDED_LATER];

/** Returns the number that stored findings of a kind have. It is not their place in the order of kinds. */
export function findingNumber(kind: FindingKind): number {
  return NUMBERED.indexOf(kind);
}
