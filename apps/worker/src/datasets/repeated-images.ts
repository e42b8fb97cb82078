import type { DatasetImage, Finding } from '@pentaprism/contracts';
import { placeOf, type FirstImage } from './near-duplicates.js';

/** What `RepeatedImages` keeps of an image. */
type Seen = Pick<DatasetImage, 'row' | 'column' | 'label'>;

/**
 * Finds rows that have the bytes of an earlier row. The images are added in the order of rows. Takes about 200 bytes for each
 * distinct image.
 */
export class RepeatedImages {
  readonly #first = new Map<string, Seen>();
  readonly #repeats: { first: Seen; again: Seen }[] = [];

  add({ sha256, row, column, label }: DatasetImage): void {
    const key = `${column}/${sha256}`;
    const first = this.#first.get(key);
    const again = { row, column, label };
    if (first) this.#repeats.push({ first, again });
    else this.#first.set(key, again);
  }

  /** The images that repeat none, in the order in which they were added. */
  get first(): FirstImage[] {
    return [...this.#first].map(([key, seen]) => ({ ...seen, sha256: key.slice(key.indexOf('/') + 1) }));
  }

  /** The rows whose classes `findings` needs. */
  get rows(): Set<number> {
    return new Set(this.#repeats.flatMap(({ first, again }) => [first.row, again.row]));
  }

  /**
   * Returns a finding for each repeated image, and another one where its class is not that of the first.
   *
   * @param columnNames by index
   * @param classes by row; empty if the dataset has no classes
   */
  findings(columnNames: readonly string[], classes: ReadonlyMap<number, string | null>): Finding[] {
    return this.#repeats.flatMap(({ first, again }) => {
      const place = { row: again.row, column: columnNames[again.column] ?? null, file: again.label };
      const earlier = placeOf(first);
      const [was, is] = [classes.get(first.row), classes.get(again.row)];
      const duplicate: Finding = { kind: 'duplicate', ...place, message: `the same bytes as ${earlier}` };
      if (was === is || was == null || is == null) return [duplicate];
      const message = `the same bytes as ${earlier}, whose class is ${was} and not ${is}`;
      return [duplicate, { kind: 'leakage', ...place, message }];
    });
  }
}
