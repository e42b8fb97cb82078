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

/** Digits with or without points between thousands, which never follow a zero. */
const GROUPED = String.raw`[+-]?(?:[1-9]\d{0,2}(?:\.\d{3})+|\d+)`;
/** Not three digits, which may be thousands. */
const DECIMALS = String.raw`(?:\d{1,2}|\d{4,})`;
const WITH_COMMA = new RegExp(String.raw`^\s*${GROUPED},${DECIMALS}\s*$`);
const WITH_COMMA_OR_WHOLE = new RegExp(String.raw`^\s*${GROUPED}(?:,\d+)?\s*$`);
const WITH_POINT = new RegExp(String.raw`^\s*[+-]?(?:\d*\.${DECIMALS}|0?\.\d+|\d{4,}\.\d+)\s*$`);

/** Returns whether a cell can only be a number with a decimal comma: 1,5 or 1.234,5, but not 1,234. */
export function isDecimalComma(cell: string): boolean {
  return cell.length <= LONGEST_NUMBER && WITH_COMMA.test(cell);
}

/** Returns whether a cell can only be a number with a decimal point: 1.5 and 0.875, but not 1.234. */
export function isDecimalPoint(cell: string): boolean {
  return cell.length <= LONGEST_NUMBER && WITH_POINT.test(cell);
}

/** Returns a number of a table with decimal commas as others write it: 1.234,5 becomes 1234.5. Other texts stay as they are. */
export function withDecimalPoint(cell: string): string {
  if (cell.length > LONGEST_NUMBER || !WITH_COMMA_OR_WHOLE.test(cell)) return cell;
  return cell.replaceAll('.', '').replace(',', '.');
}

const LONGEST_BOOLEAN = 20;

export function isBoolean(cell: string): boolean {
  return cell.length <= LONGEST_BOOLEAN && /^\s*(true|false)\s*$/i.test(cell);
}

const ZONE = String.raw`\s?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}|[AaPp][Mm])?`;
const TIME = String.raw`(?:,?[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?${ZONE})?`;
const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const MONTH = '(?<name>[A-Za-z]{3})[a-z]{0,6}\\.?';
/** Orders of the parts of a date. Years of two digits are as Excel writes them: 2/29/24 and 29.02.24. */
const DATES = [
  String.raw`(?<year>\d{4})[-/.](?<month>\d{1,2})[-/.](?<day>\d{1,2})`,
  String.raw`(?<month>\d{1,2})(?<mark>[-/.])(?<day>\d{1,2})\k<mark>(?<year>\d{4})`,
  String.raw`(?<month>\d{1,2})(?<mark>/)(?<day>\d{1,2})/(?<year>\d{2})`,
  String.raw`(?<month>\d{2})(?<mark>\.)(?<day>\d{2})\.(?<year>\d{2})`,
  String.raw`(?<day>\d{1,2})\.?[- ]${MONTH}[- ,]{1,2}(?<year>\d{4}|\d{2})`,
].map((date) => new RegExp(`^${date}${TIME}$`));
const MONTH_FIRST = new RegExp(String.raw`^${MONTH} (?<day>\d{1,2}),? (?<year>\d{4})${TIME}$`);
const LONGEST_DATE = 40;

/**
 * Returns whether a cell is a date, with or without a time: 2024-02-29, 29.02.2024, 2/29/2024 1:05 PM, 29-Feb-2024,
 * 2024-02-29T12:00Z. Names of months are English.
 */
export function isDate(cell: string): boolean {
  if (cell.length > LONGEST_DATE) return false;
  const text = cell.trim();
  const groups = text.charCodeAt(0) > NINE ? MONTH_FIRST.exec(text)?.groups : datePartsOf(text);
  if (groups === undefined) return false;
  const { name, mark } = groups;
  const [year, day] = [Number(groups['year']), Number(groups['day'])];
  const month = name === undefined ? Number(groups['month']) : MONTHS.indexOf(name.toLowerCase()) + 1;
  // Where the year is last, day and month are in either order.
  return isDay(year, month, day) || (mark !== undefined && isDay(year, day, month));
}

function datePartsOf(text: string): Record<string, string> | undefined {
  for (const date of DATES) {
    const groups = date.exec(text)?.groups;
    if (groups !== undefined) return groups;
  }
  return undefined;
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
