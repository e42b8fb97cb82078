import type { Finding, FindingCounts, TargetValue } from '@pentaprism/contracts';
import { imbalanceFinding, isClassColumn } from '@pentaprism/datasets';
import { MAX_FINDINGS_PER_KIND } from '@pentaprism/domain';
import { cut, shortened } from '../datasets/shortened.js';
import type { TargetValues } from './target-values.js';

/** Characters of a value in a message. */
const MAX_SHOWN_LENGTH = 100;

/** The image of one cell, with the name of its file. */
interface LabelledImage {
  readonly row: number;
  readonly column: number;
  readonly sha256: string;
  readonly label: string | null;
}

/**
 * Finds images that have several values of a target, and classes that differ much in number. The images are added in the order
 * of rows. Finds nothing for a class column, which the log of the dataset has already.
 */
export class TargetFindings {
  readonly #first = new Map<string, Pick<LabelledImage, 'row' | 'label'>>();
  readonly #leaks: Finding[] = [];
  #omittedLeaks = 0;

  /** @param columnNames the names of image columns, by index */
  constructor(
    private readonly target: { readonly name: string },
    private readonly values: TargetValues,
    private readonly columnNames: ReadonlyMap<number, string>,
  ) {}

  add({ row, column, sha256, label }: LabelledImage): void {
    const value = this.values.at(row);
    if (value === undefined || isClassColumn(this.target)) return;
    const key = `${column}/${sha256}`;
    const first = this.#first.get(key);
    if (!first) this.#first.set(key, { row, label });
    else if (this.values.keyOf(first.row) !== this.values.keyOf(row)) {
      const earlier = `row ${first.row}${first.label === null ? '' : ` (${first.label})`}`;
      const was = shown(this.values.at(first.row) ?? '');
      const message = `the same bytes as ${earlier}, whose ${this.target.name} is ${was} and not ${shown(value)}`;
      this.addLeak({ kind: 'leakage', row, column: this.columnNames.get(column) ?? null, file: label, message });
    }
  }

  /** Returns the findings of each kind in the order of rows. */
  private findings(): Finding[] {
    if (isClassColumn(this.target)) return [];
    const rowsOf = this.values.bins().flatMap((bin) => (bin.kind === 'label' ? [[bin.label, bin.rows] as const] : []));
    return [...this.#leaks, ...imbalanceFinding(this.target.name, new Map(rowsOf))];
  }

  /** Returns the findings with their places among those of the same kind. */
  ordered(): (Finding & { order: number })[] {
    const orders = new Map<string, number>();
    return this.findings().map((finding) => {
      const order = orders.get(finding.kind) ?? 0;
      orders.set(finding.kind, order + 1);
      return { ...finding, order };
    });
  }

  /** Returns how many findings of each kind there are, and how many of them are only counted. */
  counts(): FindingCounts {
    const counts: FindingCounts = {};
    for (const { kind } of this.findings()) (counts[kind] ??= { stored: 0, omitted: 0 }).stored++;
    if (counts.leakage) counts.leakage.omitted = this.#omittedLeaks;
    return counts;
  }

  private addLeak(finding: Finding): void {
    if (this.#leaks.length < MAX_FINDINGS_PER_KIND) this.#leaks.push(shortened(finding));
    else this.#omittedLeaks++;
  }
}

function shown(value: TargetValue): string {
  if (Array.isArray(value) && value.length === 0) return 'empty';
  return cut(Array.isArray(value) ? value.join(', ') : `${value}`, MAX_SHOWN_LENGTH);
}
