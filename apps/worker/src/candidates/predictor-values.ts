import type { DatasetColumn } from '@pentaprism/contracts';
import { numberOf } from '@pentaprism/datasets';
import type { PredictorKind } from '@pentaprism/domain';

/** The values of a column beside images. Takes 8 bytes a row, and each distinct text once. */
export class PredictorValues {
  readonly #texts: string[] = [];
  readonly #indexes = new Map<string, number>();
  /** The number of a row, or the index of its text; NaN if it has none. */
  readonly #rows: Float64Array;

  constructor(
    readonly column: DatasetColumn,
    readonly kind: PredictorKind,
    rowCount: number,
  ) {
    this.#rows = new Float64Array(rowCount).fill(NaN);
  }

  /** @param row from 0 */
  set(row: number, cell: string | null): void {
    if (cell !== null) this.#rows[row] = this.kind === 'number' ? (numberOf(cell) ?? NaN) : this.indexOf(cell);
  }

  /** Returns null for a missing value. */
  at(row: number): string | number | null {
    const stored = this.#rows[row] ?? NaN;
    if (Number.isNaN(stored)) return null;
    return this.kind === 'number' ? stored : (this.#texts[stored] ?? null);
  }

  private indexOf(text: string): number {
    const known = this.#indexes.get(text);
    if (known !== undefined) return known;
    this.#indexes.set(text, this.#texts.length);
    return this.#texts.push(text) - 1;
  }
}
