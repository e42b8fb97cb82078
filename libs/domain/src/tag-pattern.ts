import { foldName } from './fold-name.js';

/** Counts what a search compares, for tests: time is no measure that holds on every machine. */
export interface StepMeter {
  steps: number;
}

/**
 * What a name must look like: `%` stands for any run of characters, also none; everything else for itself, without case;
 * both ends are anchored.
 *
 * There is no regular expression and no backtracking behind it. Each piece between two `%` is looked for once, from where
 * the one before ended: if any placement fits, the leftmost does. A search takes at most two comparisons for each
 * character of the name (Knuth, Morris and Pratt 1977), whatever the pattern.
 */
export class TagPattern {
  private readonly pieces: readonly string[];
  private readonly inner: readonly Needle[];
  private readonly shortest: number;

  constructor(pattern: string) {
    this.pieces = foldName(pattern).split('%');
    this.inner = this.pieces
      .slice(1, -1)
      .filter((piece) => piece !== '')
      .map((piece) => new Needle(piece));
    this.shortest = this.pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  /** Two patterns with the same text fit the same names. */
  get text(): string {
    return this.pieces.join('%').replace(/%+/g, '%');
  }

  /** Whether it stands for one name, whatever its case. */
  get isLiteral(): boolean {
    return this.pieces.length === 1;
  }

  /** Whether every name fits. */
  get fitsAll(): boolean {
    return !this.isLiteral && this.shortest === 0;
  }

  /** @param folded what `foldName` made of a name */
  fits(folded: string, meter?: StepMeter): boolean {
    const first = this.pieces[0] ?? '';
    const last = this.pieces.at(-1) ?? '';
    if (meter) meter.steps += first.length + last.length + 1;
    if (this.isLiteral) return folded === first;
    if (folded.length < this.shortest || !folded.startsWith(first) || !folded.endsWith(last)) return false;
    const to = folded.length - last.length;
    let from = first.length;
    for (const needle of this.inner) {
      from = needle.endIn(folded, from, to, meter);
      if (from === -1) return false;
    }
    return true;
  }
}

/** A text to look for, with the lengths by which it may be shifted where it stops fitting. */
class Needle {
  /** Numbers: comparing characters as strings of one takes several times as long. */
  private readonly units: Uint16Array;
  /** At `i`: the length of the longest proper beginning of the first `i + 1` units that is also their end. */
  private readonly borders: Uint16Array;

  constructor(text: string) {
    const units = new Uint16Array(text.length);
    for (let i = 0; i < units.length; i++) units[i] = text.charCodeAt(i);
    const borders = new Uint16Array(text.length);
    for (let i = 1, border = 0; i < units.length; i++) {
      while (border > 0 && units[i] !== units[border]) border = borders[border - 1] ?? 0;
      if (units[i] === units[border]) border++;
      borders[i] = border;
    }
    this.units = units;
    this.borders = borders;
  }

  /** Where its first occurrence between `from` and `to` ends; -1 when there is none. */
  endIn(haystack: string, from: number, to: number, meter?: StepMeter): number {
    const { units, borders } = this;
    let fitting = 0;
    for (let i = from; i < to; i++) {
      const unit = haystack.charCodeAt(i);
      if (meter) meter.steps++;
      while (fitting > 0 && unit !== units[fitting]) {
        fitting = borders[fitting - 1] ?? 0;
        if (meter) meter.steps++;
      }
      if (unit === units[fitting]) fitting++;
      if (fitting === units.length) return i + 1;
    }
    return -1;
  }
}
