import { DomainError } from '@pentaprism/domain';
import { isDecimalComma, isDecimalPoint, isMissing } from './cell-values.js';
import type { DatasetLimits } from './limits.js';
import { RowParser } from './row-parser.js';

/** In the order in which they are preferred. */
const SEPARATORS = [',', ';', '\t', '|'];
/** Separates nothing in a table of one column, so that its values may contain every other separator. */
const NO_SEPARATOR = '\u001f';

/** Rows in which decimal commas are looked for. */
const SAMPLED_ROWS = 1_000;

/** Returns the separator that a first line declares for Excel, such as `sep=;`, or null. */
export function declaredSeparator(text: string): string | null {
  return /^"?sep=([^\w\s"]|\t)"?[\r\n]/i.exec(text)?.[1] ?? null;
}

/** Share of a column's values that need decimal commas to be numbers, from which on they are no mistakes. */
const COMMA_SHARE = 0.2;

/** Returns whether the numbers of a table have decimal commas, in one column at least, and none a decimal point. */
export function hasDecimalCommas(rows: readonly string[][]): boolean {
  const commas: number[] = [];
  const values: number[] = [];
  for (const cells of rows.slice(0, SAMPLED_ROWS)) {
    if (cells.some(isDecimalPoint)) return false;
    for (const [column, cell] of cells.entries()) {
      values[column] = (values[column] ?? 0) + (isMissing(cell) ? 0 : 1);
      commas[column] = (commas[column] ?? 0) + (isDecimalComma(cell) ? 1 : 0);
    }
  }
  return commas.some((count, column) => count > COMMA_SHARE * (values[column] ?? 0));
}

/**
 * Returns the separator that gives most rows of a sample as many cells as the header has, and the header most cells.
 *
 * @param text the beginning of a table, with its whole header
 * @param whole whether it is the whole table
 */
export function detectSeparator(text: string, whole: boolean, limits: DatasetLimits): string {
  let best = { separator: NO_SEPARATOR, share: 0, columns: 1 };
  // The reading of the table refuses too many columns.
  const lenient = { ...limits, columns: Number.MAX_SAFE_INTEGER };
  for (const separator of SEPARATORS) {
    const [header, ...rows] = sampleRows(text, whole, separator, lenient);
    const columns = header?.length ?? 0;
    if (columns < 2) continue;
    const share = rows.length === 0 ? 1 : rows.filter((row) => row.length === columns).length / rows.length;
    const better = share > best.share || (share === best.share && columns > best.columns);
    if (better || best.separator === NO_SEPARATOR) best = { separator, share, columns };
  }
  return best.separator;
}

function sampleRows(text: string, whole: boolean, separator: string, limits: DatasetLimits): string[][] {
  const parser = new RowParser(separator, limits);
  try {
    const rows = parser.push(text);
    return whole ? [...rows, ...parser.end()] : rows;
  } catch (error) {
    // With this separator, the table breaks a rule. The reading of the table reports it if no other one is better.
    if (DomainError.is(error)) return headerOf(text, separator, limits);
    throw error;
  }
}

function headerOf(text: string, separator: string, limits: DatasetLimits): string[][] {
  try {
    const line = text.slice(0, text.search(/[\r\n]/) + 1);
    return new RowParser(separator, limits).push(line).slice(0, 1);
  } catch (error) {
    if (DomainError.is(error)) return [];
    throw error;
  }
}
