import type { Finding } from './dataset.js';
import { count, quoted } from './refusal.js';

/** Name of the column of class folders, and of the column whose classes are compared in number. */
export const CLASS_COLUMN = 'class';

/** Returns whether a column has the classes of the rows, by its name. */
export function isClassColumn({ name }: { readonly name: string }): boolean {
  return name.toLowerCase() === CLASS_COLUMN;
}

/** Rows of the largest class for each row of the smallest one, from which on classes are out of balance. */
export const CLASS_IMBALANCE_RATIO = 10;

/** Returns the finding that classes differ much in their number of rows, if they do. */
export function imbalanceFinding(column: string, rowsOf: ReadonlyMap<string, number>): Finding[] {
  const classes = [...rowsOf].toSorted(([, one], [, other]) => one - other);
  const [smallest, largest] = [classes[0], classes.at(-1)];
  if (smallest === undefined || largest === undefined) return [];
  if (largest[1] < CLASS_IMBALANCE_RATIO * smallest[1]) return [];
  const times = Math.floor(largest[1] / smallest[1]);
  const message = `${quoted(largest[0])} has ${count(largest[1])} rows, ${quoted(smallest[0])} has ${count(smallest[1])}: ${times} times as many`;
  return [{ kind: 'class-imbalance', row: null, column, file: null, message }];
}

/** Returns the finding that values of a column are missing, if any is. */
export function missingValuesFinding(column: string, missing: number, rows: number): Finding[] {
  if (missing === 0) return [];
  const percent = (missing / rows) * 100;
  const share = percent < 1 ? 'less than 1' : Math.floor(percent);
  const message = `${count(missing)} of ${count(rows)} values ${missing === 1 ? 'is' : 'are'} missing (${share} %)`;
  return [{ kind: 'missing-values', row: null, column, file: null, message }];
}
