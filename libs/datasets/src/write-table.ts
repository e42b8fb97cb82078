import type { DatasetColumn, DatasetRow } from './dataset.js';

/** What `detectSeparator` and `RowParser` would take for something else than a part of the cell. */
const QUOTED = /[",;|\p{Cc}\ufeff]|^\s|\s$/u;
const BLOCK_LENGTH = 64 * 1024;

/** Formats one line of a table as `openDataset` reads it again: UTF-8 CSV, with missing values empty. */
export function tableLine(cells: readonly (string | null)[]): string {
  // An empty line would be no row.
  if (cells.length === 1 && cells[0] === null) return '""\n';
  return `${cells.map((cell) => formatted(cell ?? '')).join(',')}\n`;
}

function formatted(cell: string): string {
  return QUOTED.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Yields a table as UTF-8 CSV with a header, in blocks. Images are names, addresses, or empty for base64. */
export async function* writeTable(
  columns: readonly DatasetColumn[],
  rows: AsyncIterable<Pick<DatasetRow, 'values'>>,
): AsyncGenerator<Buffer, void, undefined> {
  let text = tableLine(columns.map(({ name }) => name));
  for await (const { values } of rows) {
    text += tableLine(values);
    if (text.length < BLOCK_LENGTH) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text !== '') yield Buffer.from(text);
}
