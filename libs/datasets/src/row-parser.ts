import type { DatasetLimits } from './limits.js';
import { count, megabytes, refusal } from './refusal.js';

const QUOTE = 34;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const TAB = 9;

/** Cells of a row that are in surplus before the row is refused unseen. */
const MAX_SURPLUS = 1_000;

/** Where the parser is: before a cell, in one, in a quoted one, behind a quote in it, behind a closing quote. */
type State = 'start' | 'plain' | 'quoted' | 'quote' | 'closed';

/**
 * Splits text into rows of cells as RFC 4180 describes, piece by piece. Lines end with LF, CR or both. Empty lines are
 * skipped, a line with an empty quoted cell is not.
 *
 * A parser of our own, because those of libraries buffer a row before its limits can be checked, parse a long row again
 * with each piece, and do not say in which line a quote was opened.
 */
export class RowParser {
  private state: State = 'start';
  private rows: string[][] = [];
  private row: string[] = [];
  private cell = '';
  private rowLength = 0;
  /** Whether a cell of the row is quoted. */
  private quotedCell = false;
  private afterReturn = false;
  private line = 1;
  private quoteLine = 1;
  private rowNumber = 0;
  private maxCells: number;

  /** @param separator one character */
  constructor(
    private readonly separator: string,
    private readonly limits: DatasetLimits,
  ) {
    this.maxCells = limits.columns + MAX_SURPLUS;
  }

  /** Returns the rows that end in this piece. The header is the first of all. */
  push(text: string): string[][] {
    let at = 0;
    const next = new NextBreaks(text, this.separator);
    while (at < text.length) at = this.step(text, at, next);
    return this.takeRows();
  }

  /** Returns the last row, if the text does not end with a line break. */
  end(): string[][] {
    if (this.state === 'quoted') {
      throw refusal(
        `The quote that is opened in line ${count(this.quoteLine)} of the table is never closed. Close it.`,
      );
    }
    if (this.state !== 'start' || this.row.length > 0) {
      this.endCell();
      this.endRow();
    }
    return this.takeRows();
  }

  private step(text: string, at: number, next: NextBreaks): number {
    const code = text.charCodeAt(at);
    if (this.afterReturn) {
      this.afterReturn = false;
      if (code === LINE_FEED) return at + 1;
    }
    if (this.state === 'start') {
      if (code !== QUOTE) this.state = 'plain';
      else return this.openQuote(at);
    }
    if (this.state === 'plain') return this.plain(text, at, next);
    if (this.state === 'quoted') return this.quoted(text, at);
    return this.behindQuote(text, at, code);
  }

  private openQuote(at: number): number {
    this.state = 'quoted';
    this.quotedCell = true;
    this.quoteLine = this.line;
    return at + 1;
  }

  private plain(text: string, at: number, next: NextBreaks): number {
    const end = next.after(at);
    this.append(text.slice(at, end));
    if (end === text.length) return end;
    return this.endAt(text.charCodeAt(end), end);
  }

  private quoted(text: string, at: number): number {
    let quote = text.indexOf('"', at);
    let doubled = false;
    while (quote !== -1 && text.charCodeAt(quote + 1) === QUOTE) {
      doubled = true;
      quote = text.indexOf('"', quote + 2);
    }
    const end = quote === -1 ? text.length : quote;
    const piece = text.slice(at, end);
    this.line += lineFeeds(piece);
    this.append(doubled ? piece.replaceAll('""', '"') : piece);
    if (quote !== -1) this.state = 'quote';
    return end + 1;
  }

  private behindQuote(text: string, at: number, code: number): number {
    if (code === QUOTE && this.state === 'quote') {
      this.append('"');
      this.state = 'quoted';
      return at + 1;
    }
    if (text[at] === this.separator || code === LINE_FEED || code === CARRIAGE_RETURN) return this.endAt(code, at);
    if (code === SPACE || code === TAB) {
      this.state = 'closed';
      return at + 1;
    }
    throw refusal(
      `Line ${count(this.line)} of the table has text behind a closing quote. Write quotes inside a cell twice.`,
    );
  }

  /** Ends the cell, and the row if a line break ended it. */
  private endAt(code: number, at: number): number {
    this.endCell();
    if (code === LINE_FEED || code === CARRIAGE_RETURN) {
      this.endRow();
      this.afterReturn = code === CARRIAGE_RETURN;
    }
    return at + 1;
  }

  private append(piece: string): void {
    this.cell += piece;
    this.rowLength += piece.length;
    const { cellBytes, headerBytes, rowLength } = this.limits;
    if (this.cell.length > cellBytes) throw this.cellTooLarge();
    if (this.rowNumber === 0 && this.rowLength > headerBytes) {
      throw refusal(`The header line of the table has more than ${megabytes(headerBytes)}. Shorten the column names.`);
    }
    if (this.rowLength > rowLength) {
      throw refusal(`Row ${count(this.rowNumber)} of the table has more than ${megabytes(rowLength)}. Split it.`);
    }
  }

  private cellTooLarge(): Error {
    const { cellBytes, headerBytes } = this.limits;
    if (this.rowNumber === 0 && this.cell.length > headerBytes) {
      return refusal(`The header line of the table has more than ${megabytes(headerBytes)}. Shorten the column names.`);
    }
    const quote =
      this.state === 'quoted' ? ` Check that the quote opened in line ${count(this.quoteLine)} is closed.` : '';
    return refusal(
      `A cell of row ${count(this.rowNumber)} has more than ${megabytes(cellBytes)}; at most that is allowed.${quote}`,
    );
  }

  private endCell(): void {
    // A character has three bytes of UTF-8 at most for each unit of its length.
    const { cellBytes } = this.limits;
    if (this.cell.length > cellBytes / 3 && Buffer.byteLength(this.cell) > cellBytes) throw this.cellTooLarge();
    this.row.push(this.cell);
    this.cell = '';
    this.state = 'start';
    if (this.row.length <= this.maxCells) return;
    const place = this.rowNumber === 0 ? 'The header' : `Row ${count(this.rowNumber)}`;
    throw refusal(`${place} of the table has more than ${count(this.maxCells)} cells. Leave columns out.`);
  }

  private endRow(): void {
    const empty = this.row.length === 1 && this.row[0] === '' && !this.quotedCell;
    if (!empty) {
      if (this.rowNumber === 0) this.maxCells = this.row.length + MAX_SURPLUS;
      this.rowNumber += 1;
      this.rows.push(this.row);
    }
    this.row = [];
    this.rowLength = 0;
    this.quotedCell = false;
    this.line += 1;
  }

  private takeRows(): string[][] {
    const rows = this.rows;
    this.rows = [];
    return rows;
  }
}

/** Positions of the next separator and line breaks, each searched once. */
class NextBreaks {
  private readonly positions: number[] = [-1, -1, -1];
  private readonly characters: string[];

  constructor(
    private readonly text: string,
    separator: string,
  ) {
    this.characters = [separator, '\n', '\r'];
  }

  /** Returns the position of the next separator or line break from `at` on, or the length of the text. */
  after(at: number): number {
    let nearest = this.text.length;
    for (let index = 0; index < 3; index++) {
      let position = this.positions[index] ?? -1;
      if (position < at) {
        const found = this.text.indexOf(this.characters[index] ?? '', at);
        position = found === -1 ? this.text.length : found;
        this.positions[index] = position;
      }
      if (position < nearest) nearest = position;
    }
    return nearest;
  }
}

function lineFeeds(text: string): number {
  let found = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) found += 1;
  return found;
}
