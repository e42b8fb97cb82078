import { MAX_LABEL_LENGTH, type ColumnType } from '@pentaprism/domain';
import { isClassColumn } from './class-findings.js';
import { isBoolean, isDate, isLabelList, isMissing, numberOf, withDecimalPoint } from './cell-values.js';
import { isAddress, isImageAddress, isImageText } from './image-cells.js';
import { NumberStatistics } from './statistics.js';
import { UniqueCounter } from './unique-counter.js';

/** Different values that are counted exactly, over all columns, and of one column. 32 bytes each at most. */
const UNIQUE_VALUES = 1_500_000;
const UNIQUE_VALUES_PER_COLUMN = 1_000_000;
/** Numbers that are kept for medians, over all columns, and of one column. 8 bytes each. */
const MEDIAN_NUMBERS = 4_000_000;
const MEDIAN_NUMBERS_PER_COLUMN = 1_000_000;
/** Classes whose rows are counted. Beyond that, a column does not hold classes. */
const MAX_CLASSES = 10_000;
/** Characters of a text in which words are counted. */
const WORDS_LENGTH = 1_000;
/** Values after which a column with fewer numbers than other values cannot be of numbers with some mistakes. */
const HOPELESS_AFTER = 1_000;
const QUOTED_LENGTH = 50;
/** One more than there are in a column of two values. */
const FIRST_VALUES = 3;

/** Returns the values of a column that has two, as they are stored. Undefined for images, for more values and for long ones. */
export function twoValues({ firstValues, decimalComma }: ColumnProfile, type: ColumnType): string[] | undefined {
  const values = type === 'Image' ? undefined : shortPair(firstValues);
  return type === 'Numeric' && decimalComma ? values?.map(withDecimalPoint) : values;
}

/** Returns a copy of two short values; undefined for anything else. */
export function shortPair(values: readonly string[]): string[] | undefined {
  return values.length === 2 && values.every(({ length }) => length <= MAX_LABEL_LENGTH) ? [...values] : undefined;
}

/** A value of a numeric column that is not a number. */
export interface MistypedNumber {
  row: number;
  value: string;
}

/** What the values of one column are, counted in one pass. Its memory is bounded. */
export class ColumnProfile {
  missing = 0;
  values = 0;
  numbers = 0;
  booleans = 0;
  dates = 0;
  labelLists = 0;
  imageTexts = 0;
  addresses = 0;
  imageAddresses = 0;
  entries = 0;
  length = 0;
  words = 0;
  /** The first values that are not numbers. The others are `values - numbers - mistyped.length`. */
  mistyped: MistypedNumber[] = [];
  /** The first values that are different, up to `FIRST_VALUES`. */
  readonly firstValues: string[] = [];
  /** Rows of each class. Null for columns of another name, and for those with too many values. */
  classes: Map<string, number> | null;
  readonly unique: UniqueCounter;
  readonly statistics: NumberStatistics;

  constructor(
    name: string,
    columns: number,
    private readonly maxMistyped: number,
    readonly decimalComma: boolean,
  ) {
    this.unique = new UniqueCounter(Math.min(UNIQUE_VALUES_PER_COLUMN, Math.floor(UNIQUE_VALUES / columns)));
    this.statistics = new NumberStatistics(Math.min(MEDIAN_NUMBERS_PER_COLUMN, Math.floor(MEDIAN_NUMBERS / columns)));
    this.classes = isClassColumn({ name }) ? new Map() : null;
  }

  /** @param isEntry whether the value names a file of the archive */
  add(cell: string, row: number, isEntry: boolean): void {
    if (isMissing(cell)) {
      this.missing += 1;
      return;
    }
    this.values += 1;
    this.length += cell.length;
    this.unique.add(cell);
    if (this.firstValues.length < FIRST_VALUES && !this.firstValues.includes(cell))
      this.firstValues.push(copied(cell.slice(0, MAX_LABEL_LENGTH + 1)));
    if (isEntry) this.entries += 1;
    if (this.classes !== null) this.addClass(this.classes, cell);
    const number = numberOf(this.decimalComma ? withDecimalPoint(cell) : cell);
    if (number === null) return this.addText(cell, row);
    this.numbers += 1;
    this.words += 1;
    this.statistics.add(number);
  }

  private addText(cell: string, row: number): void {
    if (this.values > HOPELESS_AFTER && this.numbers < this.values / 2) this.mistyped = [];
    else if (this.mistyped.length < this.maxMistyped) {
      this.mistyped.push({ row, value: copied(cell.slice(0, QUOTED_LENGTH)) });
    }
    if (isBoolean(cell)) this.booleans += 1;
    else if (isDate(cell)) this.dates += 1;
    else if (isLabelList(cell)) this.labelLists += 1;
    else if (isAddress(cell)) this.addAddress(cell);
    else if (isImageText(cell)) this.imageTexts += 1;
    this.words += wordsOf(cell);
  }

  private addAddress(cell: string): void {
    this.addresses += 1;
    if (isImageAddress(cell)) this.imageAddresses += 1;
  }

  private addClass(classes: Map<string, number>, cell: string): void {
    const rows = classes.get(cell);
    if (rows === undefined && classes.size >= MAX_CLASSES) this.classes = null;
    else if (rows === undefined) classes.set(copied(cell), 1);
    else classes.set(cell, rows + 1);
  }
}

function wordsOf(cell: string): number {
  let words = 1;
  for (let at = cell.indexOf(' '); at !== -1 && at < WORDS_LENGTH; at = cell.indexOf(' ', at + 1)) words += 1;
  return words;
}

/** Copies a part of a text, which would keep the whole text in memory otherwise. */
function copied(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
