import type { TargetType } from '@pentaprism/domain';

/** The target of a project: its type and its classes in their order. A regression has no classes. */
export interface Target {
  readonly type: TargetType;
  readonly classes: readonly string[];
}

/** The value of the target for each row, in numbers. */
export type Targets =
  | {
      readonly type: 'binary' | 'multiclass';
      readonly classes: readonly string[];
      /** For each row the index of its class; -1 without a value. */
      readonly rows: Int32Array;
    }
  | {
      readonly type: 'multilabel';
      readonly classes: readonly string[];
      /** The distinct sets of labels, each as indices of classes. */
      readonly sets: readonly (readonly number[])[];
      /** For each row the index of its set; -1 without a value. */
      readonly rows: Int32Array;
    }
  | {
      readonly type: 'regression';
      readonly classes: readonly [];
      /** For each row its number; NaN without a value. */
      readonly rows: Float64Array;
    };

/** Probabilities of classes, or the numbers of a regression, for which single precision has too few digits. */
export type Predictions = Float32Array | Float64Array;

export interface TargetsRequest extends Target {
  readonly rowCount: number;
  /** Returns the value of a row, counted from 0. Labels that are not classes are ignored. */
  readonly valueOf: (row: number) => string | readonly string[] | number | null | undefined;
}

/** Reads the values of a target into numbers. */
export function targetsOf({ type, classes, rowCount, valueOf }: TargetsRequest): Targets {
  if (type === 'regression') {
    const rows = new Float64Array(rowCount).map((_, row) => numberOr(valueOf(row)));
    return { type, classes: [], rows };
  }
  const indexOf = new Map(classes.map((label, index) => [label, index]));
  if (type !== 'multilabel') {
    const rows = new Int32Array(rowCount).map((_, row) => {
      const value = valueOf(row);
      return value === null || value === undefined ? -1 : (indexOf.get(String(value)) ?? -1);
    });
    return { type, classes, rows };
  }
  return { type, classes, ...labelSets(rowCount, valueOf, indexOf) };
}

/** Returns how many numbers a model predicts for a row. */
export function outputsOf({ type, classes }: Target): number {
  return type === 'regression' ? 1 : classes.length;
}

/** Returns whether a row has a value. */
export function hasTarget(targets: Targets, row: number): boolean {
  const value = targets.rows[row] ?? NaN;
  return targets.type === 'regression' ? Number.isFinite(value) : value >= 0;
}

/** Returns the indices of the classes of a row. Empty for a regression, and for a row without a value or label. */
export function classesOf(targets: Targets, row: number): readonly number[] {
  if (targets.type === 'regression' || !hasTarget(targets, row)) return [];
  const index = targets.rows[row] as number;
  return targets.type === 'multilabel' ? (targets.sets[index] ?? []) : [index];
}

function numberOr(value: ReturnType<TargetsRequest['valueOf']>): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : NaN;
}

function labelSets(
  rowCount: number,
  valueOf: TargetsRequest['valueOf'],
  indexOf: ReadonlyMap<string, number>,
): { sets: number[][]; rows: Int32Array } {
  const sets: number[][] = [];
  const known = new Map<string, number>();
  const rows = new Int32Array(rowCount).map((_, row) => {
    const value = valueOf(row);
    if (value === null || value === undefined) return -1;
    const labels = [value].flat().flatMap((label) => indexOf.get(String(label)) ?? []);
    const set = [...new Set(labels)].sort((a, b) => a - b);
    const key = set.join();
    const index = known.get(key) ?? sets.push(set) - 1;
    known.set(key, index);
    return index;
  });
  return { sets, rows };
}
