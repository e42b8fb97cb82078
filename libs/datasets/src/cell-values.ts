const MISSING = new Set(['', 'na', 'n/a', 'nan', 'null', 'none', '?']);
const LONGEST_MISSING = 4;

/** Returns whether a cell has no value: "", NA, N/A, NaN, null, None or ?, in any case and with spaces around it. */
export function isMissing(cell: string): boolean {
  if (cell.length > LONGEST_MISSING && cell.charCodeAt(0) > 32) return false;
  return MISSING.has(cell.trim().toLowerCase());
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
/** Longer texts of digits are identifiers or damaged. */
const LONGEST_NUMBER = 100;
/** The last of the characters that numbers and dates begin with, in the order of their codes. */
const NINE = 57;

/** Returns the number of a cell, or null for any other text, such as "1,5" and what is too large, such as "1e400". */
export function numberOf(cell: string): number | null {
  // Most texts end here, before the slower pattern.
  if (cell.length > LONGEST_NUMBER || cell.charCodeAt(0) > NINE) return null;
  const text = cell.trim();
  if (!NUMBER.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

const LONGEST_BOOLEAN = 20;

export function isBoolean(cell: string): boolean {
  return cell.length <= LONGEST_BOOLEAN && /^\s*(true|false)\s*$/i.test(cell);
}

const TIME = String.raw`(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?\s?(?:Z|UTC|[+-]\d{2}:?\d{2})?)?`;
const YEAR_FIRST = new RegExp(String.raw`^(?<year>\d{4})[-/.](?<month>\d{1,2})[-/.](?<day>\d{1,2})${TIME}$`);
const YEAR_LAST = new RegExp(String.raw`^(?<month>\d{1,2})(?<mark>[-/.])(?<day>\d{1,2})\k<mark>(?<year>\d{4})${TIME}$`);
const LONGEST_DATE = 40;

/** Returns whether a cell is a date, with or without a time: 2024-02-29, 29.02.2024, 2/29/2024, 2024-02-29T12:00Z. */
export function isDate(cell: string): boolean {
  if (cell.length > LONGEST_DATE || cell.charCodeAt(0) > NINE) return false;
  const text = cell.trim();
  const groups = (YEAR_FIRST.exec(text) ?? YEAR_LAST.exec(text))?.groups;
  if (groups === undefined) return false;
  const [year, month, day] = [Number(groups['year']), Number(groups['month']), Number(groups['day'])];
  // Where the year is last, day and month are in either order.
  return isDay(year, month, day) || (groups['mark'] !== undefined && isDay(year, day, month));
}

function isDay(year: number, month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

const LONGEST_LABELS = 64 * 1024;

/** Returns whether a cell is a list of labels: a JSON array of texts or numbers. */
export function isLabelList(cell: string): boolean {
  return labelsOfCell(cell) !== null;
}

/**
 * Returns the labels of a cell as texts, or null for anything but a list of labels. JSON can escape half of a surrogate pair,
 * which no stored text can hold: it becomes U+FFFD.
 */
export function labelsOfCell(cell: string): string[] | null {
  if (cell.length > LONGEST_LABELS || !/^\s*\[/.test(cell)) return null;
  try {
    const value: unknown = JSON.parse(cell);
    const isList =
      Array.isArray(value) && value.every((label) => typeof label === 'string' || typeof label === 'number');
    return isList ? value.map((label) => String(label).toWellFormed()) : null;
  } catch {
    return null;
  }
}
