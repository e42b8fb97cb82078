/** A part of a row of features, made of one column of the table. */
export type FeaturePart = ImagePart | NumberPart | CategoryPart;

/** The embedding of an image, of Euclidean length 1. Zeros stand for a missing image. */
export interface ImagePart {
  readonly kind: 'image';
  readonly column: string;
  readonly size: number;
}

/** Two features: the standardised number, 0 if it is missing, and whether it is missing. */
export interface NumberPart {
  readonly kind: 'number';
  readonly column: string;
  readonly mean: number;
  readonly deviation: number;
}

/** One feature for each of the values, one for other values, and one for a missing value. */
export interface CategoryPart {
  readonly kind: 'category';
  readonly column: string;
  readonly values: readonly string[];
}

/** What a row of features consists of: image columns first, then other columns. */
export interface FeaturePlan {
  readonly images: readonly ImagePart[];
  readonly others: readonly (NumberPart | CategoryPart)[];
  /** Numbers of the image columns, with which a row begins. */
  readonly imageWidth: number;
  /** Numbers of a row. */
  readonly width: number;
}

/** The value of a column that is not an image column. Null, undefined, NaN and infinite numbers are missing. */
export type ColumnValue = string | number | null | undefined;

export interface PlanRequest {
  readonly images: readonly { readonly column: string; readonly size: number }[];
  /** Numeric, categorical and boolean columns. */
  readonly others: readonly { readonly column: string; readonly kind: 'number' | 'category' }[];
}

export interface RowValues {
  /** One for each image column; undefined if the image is missing. */
  readonly embeddings: readonly (Float32Array | undefined)[];
  /** One for each column of `plan.others`, in their order. */
  readonly values: readonly ColumnValue[];
}

/** Distinct values of a category that have a feature of their own. */
export const MAX_CATEGORY_VALUES = 50;
/** Values of a category that are counted. Later values that are new are treated as other values. */
const MAX_COUNTED_VALUES = 10_000;
/** Features of other columns. Columns beyond them are not used: a row has to stay in memory as often as there are rows. */
export const MAX_OTHER_FEATURES = 2_000;
/** Deviations from the mean at which numbers are cut, so that an outlier does not decide a prediction alone. */
const MAX_DEVIATIONS = 10;

/** Builds a plan from training rows, which it reads one at a time. */
export class FeaturePlanner {
  readonly #columns: readonly (NumberStatistics | CategoryCounts)[];

  constructor(private readonly request: PlanRequest) {
    this.#columns = request.others.map(({ column, kind }) =>
      kind === 'number' ? new NumberStatistics(column) : new CategoryCounts(column),
    );
  }

  /** @param values one for each column of `others` */
  add(values: readonly ColumnValue[]): void {
    this.#columns.forEach((column, index) => column.add(values[index]));
  }

  plan(): FeaturePlan {
    const images = this.request.images.map(({ column, size }) => ({ kind: 'image' as const, column, size }));
    const imageWidth = sizeOf(images);
    const others: (NumberPart | CategoryPart)[] = [];
    let width = imageWidth;
    for (const part of this.#columns.map((column) => column.part())) {
      if (width + featuresOf(part) > imageWidth + MAX_OTHER_FEATURES) break;
      width += featuresOf(part);
      others.push(part);
    }
    return { images, others, imageWidth, width };
  }
}

/** Returns the plan without other columns. Its rows are the beginnings of the rows of the whole plan. */
export function imagesOnly(plan: FeaturePlan): FeaturePlan {
  return { ...plan, others: [], width: plan.imageWidth };
}

/** Returns the sizes of the parts of a row that count alike: each image column, then all other columns together. */
export function partSizes({ images, imageWidth, width }: FeaturePlan): number[] {
  return [...images.map(({ size }) => size), ...(width > imageWidth ? [width - imageWidth] : [])];
}

export function featuresOf(part: FeaturePart): number {
  if (part.kind === 'image') return part.size;
  return part.kind === 'number' ? 2 : part.values.length + 2;
}

/**
 * Writes the features of a row.
 *
 * @param target `plan.width` numbers
 * @throws RangeError for embeddings or a target of another length than the plan's
 */
export function encodeRow(plan: FeaturePlan, { embeddings, values }: RowValues, target: Float32Array): void {
  if (target.length !== plan.width) {
    throw new RangeError(`A row of the plan has ${plan.width} numbers, not ${target.length}.`);
  }
  target.fill(0);
  let at = 0;
  for (const [index, { column, size }] of plan.images.entries()) {
    const embedding = embeddings[index];
    if (embedding !== undefined && embedding.length !== size) {
      throw new RangeError(`An embedding of column ${column} has ${size} numbers, not ${embedding.length}.`);
    }
    if (embedding !== undefined) target.set(embedding, at);
    at += size;
  }
  for (const [index, part] of plan.others.entries()) {
    if (part.kind === 'number') encodeNumber(part, values[index], target, at);
    else target[at + indexOfValue(part, values[index])] = 1;
    at += featuresOf(part);
  }
}

/**
 * Returns an empty matrix of features in shared memory, so that the threads of all candidates read the same bytes.
 *
 * @throws RangeError if the memory cannot be reserved
 */
export function allocateFeatures(rows: number, width: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(rows * width * Float32Array.BYTES_PER_ELEMENT));
}

function sizeOf(parts: readonly FeaturePart[]): number {
  return parts.reduce((sum, part) => sum + featuresOf(part), 0);
}

function encodeNumber(part: NumberPart, value: ColumnValue, target: Float32Array, at: number): void {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    target[at + 1] = 1;
    return;
  }
  const deviations = (value - part.mean) / part.deviation;
  target[at] = Math.min(MAX_DEVIATIONS, Math.max(-MAX_DEVIATIONS, deviations));
}

function indexOfValue({ values }: CategoryPart, value: ColumnValue): number {
  const text = textOf(value);
  if (text === undefined) return values.length + 1;
  const index = values.indexOf(text);
  return index < 0 ? values.length : index;
}

function textOf(value: ColumnValue): string | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  return typeof value === 'number' && !Number.isFinite(value) ? undefined : String(value);
}

/** Mean and deviation in one pass (Welford). */
class NumberStatistics {
  #count = 0;
  #mean = 0;
  #squares = 0;

  constructor(private readonly column: string) {}

  add(value: ColumnValue): void {
    if (typeof value !== 'number' || !Number.isFinite(value)) return;
    this.#count += 1;
    const difference = value - this.#mean;
    this.#mean += difference / this.#count;
    this.#squares += difference * (value - this.#mean);
  }

  part(): NumberPart {
    const deviation = Math.sqrt(this.#squares / Math.max(1, this.#count));
    // The squares of numbers above 1e154 are infinite. All of them then count as equal.
    const usable = Number.isFinite(deviation) && Number.isFinite(this.#mean);
    const mean = usable ? this.#mean : 0;
    return { kind: 'number', column: this.column, mean, deviation: usable && deviation > 0 ? deviation : 1 };
  }
}

class CategoryCounts {
  readonly #counts = new Map<string, number>();

  constructor(private readonly column: string) {}

  add(value: ColumnValue): void {
    const text = textOf(value);
    if (text === undefined) return;
    const count = this.#counts.get(text);
    if (count === undefined && this.#counts.size >= MAX_COUNTED_VALUES) return;
    this.#counts.set(text, (count ?? 0) + 1);
  }

  /** Values that occur once are left out: nothing can be learnt from them that holds for other rows. */
  part(): CategoryPart {
    const frequent = [...this.#counts]
      .filter(([, count]) => count > 1)
      .sort(([a, ofA], [b, ofB]) => ofB - ofA || (a < b ? -1 : 1))
      .slice(0, MAX_CATEGORY_VALUES);
    return { kind: 'category', column: this.column, values: frequent.map(([value]) => value) };
  }
}
