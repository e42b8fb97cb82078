import type { TargetValue } from '@pentaprism/contracts';
import { labelsOfCell, numberOf } from '@pentaprism/datasets';
import {
  DomainError,
  MAX_LABEL_LENGTH,
  MAX_TAGS_PER_IMAGE,
  MAX_TARGET_CLASSES,
  MAX_TARGET_NUMBER,
  type TargetType,
} from '@pentaprism/domain';
import { numberBins, type NumberBin } from './number-bins.js';

/** Different values of a multilabel target: sets of labels. */
const MAX_LABEL_SETS = 100_000;

/** A label, or a range of numbers, with its rows. */
export type ValueBin =
  { readonly kind: 'label'; readonly label: string; readonly rows: number } | ({ readonly kind: 'range' } & NumberBin);

/** The value of each row of a target, read in the order of rows. Takes 8 bytes a row, and the labels once. */
export class TargetValues {
  /** Distinct values, in the order of their first rows. Of a regression: empty. */
  readonly #distinct: TargetValue[] = [];
  readonly #indexes = new Map<string, number>();
  readonly #rowsOfLabel = new Map<string, number>();
  /** The number of a row, or the index of its value; NaN if it has none. */
  readonly #rows: Float64Array;

  constructor(
    private readonly type: TargetType,
    rowCount: number,
  ) {
    this.#rows = new Float64Array(rowCount + 1).fill(NaN);
  }

  /**
   * @param row from 1
   * @throws DomainError INVALID_ARGUMENT for too many or too long labels
   */
  add(row: number, cell: string | null): void {
    if (cell === null) return;
    const value = this.valueOf(cell);
    if (value === null) return;
    if (typeof value === 'number') this.#rows[row] = value;
    else {
      this.#rows[row] = this.indexOf(value);
      for (const label of [value].flat()) this.count(label);
    }
  }

  /** Returns the value of a row; undefined if it has none. */
  at(row: number): TargetValue | undefined {
    const stored = this.#rows[row] ?? NaN;
    if (Number.isNaN(stored)) return undefined;
    return this.type === 'regression' ? stored : this.#distinct[stored];
  }

  /** Returns a number by which equal values are equal. */
  keyOf(row: number): number {
    return this.#rows[row] ?? NaN;
  }

  /** Returns the labels in their order: numbers by size, others by UTF-16 units. Empty for a regression. */
  labels(): string[] {
    const labels = [...this.#rowsOfLabel.keys()];
    const numbers = new Map(labels.map((label) => [label, numberOf(label)]));
    if ([...numbers.values()].every((number) => number !== null))
      return labels.sort((a, b) => (numbers.get(a) ?? 0) - (numbers.get(b) ?? 0) || (a < b ? -1 : 1));
    return labels.sort();
  }

  bins(): ValueBin[] {
    if (this.type === 'regression')
      return numberBins([...this.#rows].filter((number) => !Number.isNaN(number))).map((bin) => ({
        kind: 'range',
        ...bin,
      }));
    return this.labels().map((label) => ({ kind: 'label', label, rows: this.#rowsOfLabel.get(label) ?? 0 }));
  }

  /** Throws INVALID_ARGUMENT if models could not learn from the values. */
  requireLearnable(): void {
    if (this.type === 'regression') {
      const [first, second] = new Set([...this.#rows].filter((number) => !Number.isNaN(number)));
      if (first === undefined || second === undefined) throw tooFew();
      if (this.#rows.some((number) => Math.abs(number) > MAX_TARGET_NUMBER))
        throw new DomainError('INVALID_ARGUMENT', `The target has numbers beyond ${MAX_TARGET_NUMBER}.`);
    } else if (this.#distinct.length < 2) throw tooFew();
  }

  private valueOf(cell: string): TargetValue | null {
    if (this.type === 'regression') return numberOf(cell);
    if (this.type !== 'multilabel') return shortLabel(cell);
    const labels = labelsOfCell(cell);
    if (labels === null) return null;
    const distinct = [...new Set(labels.filter((label) => label !== '').map(shortLabel))].sort();
    if (distinct.length > MAX_TAGS_PER_IMAGE)
      throw new DomainError('INVALID_ARGUMENT', `A row of the target has more than ${MAX_TAGS_PER_IMAGE} labels.`);
    return distinct;
  }

  private indexOf(value: string | string[]): number {
    const key = typeof value === 'string' ? value : JSON.stringify(value);
    const known = this.#indexes.get(key);
    if (known !== undefined) return known;
    if (this.#indexes.size >= MAX_LABEL_SETS)
      throw new DomainError('INVALID_ARGUMENT', `The target has more than ${MAX_LABEL_SETS} different values.`);
    this.#indexes.set(key, this.#distinct.length);
    return this.#distinct.push(value) - 1;
  }

  private count(label: string): void {
    const rows = this.#rowsOfLabel.get(label);
    if (rows === undefined && this.#rowsOfLabel.size >= MAX_TARGET_CLASSES)
      throw new DomainError('INVALID_ARGUMENT', `The target has more than ${MAX_TARGET_CLASSES} classes.`);
    this.#rowsOfLabel.set(label, (rows ?? 0) + 1);
  }
}

function shortLabel(label: string): string {
  if (label.length > MAX_LABEL_LENGTH)
    throw new DomainError('INVALID_ARGUMENT', `A class of the target has more than ${MAX_LABEL_LENGTH} characters.`);
  return label;
}

function tooFew(): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'All values of the target are the same, or missing.');
}
