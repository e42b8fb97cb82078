import type { DatasetLimits } from './limits.js';
import { count, refusal } from './refusal.js';
import { RowParser } from './row-parser.js';
import { declaredSeparator, detectSeparator, hasDecimalCommas } from './table-format.js';
import { columnNames } from './table-header.js';
import { decodeText } from './table-text.js';

/** Bytes of a table, which are read once for each pass. */
export interface TableBytes {
  readonly size: number;
  open(): AsyncIterable<Buffer>;
}

/** A table whose separator and column names are known. */
export interface TableHead {
  separator: string;
  names: string[];
  /** Rows up to the header: 2 if the first one declares the separator. */
  headerRows: number;
  /** Whether numbers are written as 1.234,5. */
  decimalComma: boolean;
}

/** Bytes behind the longest header in which the separator is detected. */
const SAMPLE_BYTES = 256 * 1024;

/** Reads the beginning of a table. Throws INVALID_ARGUMENT if there is no header. */
export async function readTableHead(bytes: TableBytes, limits: DatasetLimits): Promise<TableHead> {
  const { text, whole } = await readSample(bytes, limits.headerBytes + SAMPLE_BYTES);
  checkText(text);
  const declared = declaredSeparator(text);
  const separator = declared ?? detectSeparator(text, whole, limits);
  const parser = new RowParser(separator, limits);
  const rows = parser.push(text);
  const headerRows = declared === null ? 1 : 2;
  if (rows.length < headerRows && whole) rows.push(...parser.end());
  const header = rows[headerRows - 1];
  if (header === undefined) throw refusal('The table is empty. Upload a header line and rows.');
  const decimalComma = separator !== ',' && hasDecimalCommas(rows.slice(headerRows));
  return { separator, names: columnNames(header, limits), headerRows, decimalComma };
}

function checkText(text: string): void {
  if (/^\s*<(!doctype|html|\?xml)/i.test(text))
    throw refusal('The upload is a web page or XML. Upload a ZIP or CSV file.');
  if (/^\s*(\{\s*["}]|\[\s*[[{\]])/.test(text)) throw refusal('The upload is JSON. Upload a ZIP or CSV file.');
}

async function readSample(bytes: TableBytes, length: number): Promise<{ text: string; whole: boolean }> {
  let text = '';
  for await (const piece of decodeText(bytes.open())) {
    text += piece;
    if (text.length >= length) return { text, whole: false };
  }
  return { text, whole: true };
}

/** Yields the rows of a table without its header, in batches. Each row has as many cells as there are columns. */
export async function* readTableRows(
  bytes: TableBytes,
  { separator, names, headerRows }: TableHead,
  limits: DatasetLimits,
  options: { signal: AbortSignal; onProgress?: (share: number) => void },
): AsyncGenerator<string[][], void, undefined> {
  const parser = new RowParser(separator, limits);
  let ahead = headerRows;
  let number = 0;
  const fitted = (rows: string[][]) => {
    const body = rows.slice(ahead);
    ahead = Math.max(0, ahead - rows.length);
    return body.map((cells) => fit(cells, names.length, ++number));
  };
  for await (const text of decodeText(counted(bytes, options.onProgress))) {
    options.signal.throwIfAborted();
    yield fitted(parser.push(text));
  }
  yield fitted(parser.end());
}

async function* counted(bytes: TableBytes, onProgress: (share: number) => void = () => undefined) {
  let read = 0;
  for await (const chunk of bytes.open()) {
    read += chunk.length;
    yield chunk;
    onProgress(Math.min(1, read / bytes.size));
  }
}

/** Adds missing cells to a short row. Throws INVALID_ARGUMENT for a long one, because its values are in wrong columns. */
function fit(cells: string[], columns: number, row: number): string[] {
  while (cells.length < columns) cells.push('');
  if (cells.length === columns) return cells;
  const joined = withoutEmptyEnd(joinDataUrls(cells), columns);
  if (joined.length <= columns) return fit(joined, columns, row);
  throw refusal(
    `Row ${count(row)} of the table has ${count(cells.length)} cells, but the header has ${count(columns)}. Put values that contain the separator in quotes.`,
  );
}

/** Joins `data:` URLs that are not in quotes, and which their comma has split. */
function joinDataUrls(cells: readonly string[]): string[] {
  const joined: string[] = [];
  for (const cell of cells) {
    const last = joined.at(-1);
    if (last !== undefined && /^data:[^,]{0,200};base64$/i.test(last)) joined[joined.length - 1] = `${last},${cell}`;
    else joined.push(cell);
  }
  return joined;
}

function withoutEmptyEnd(cells: string[], columns: number): string[] {
  const end = cells.findLastIndex((cell) => cell !== '') + 1;
  return cells.slice(0, Math.max(end, columns));
}
