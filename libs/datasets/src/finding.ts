import type { FindingKind } from '@pentaprism/domain';
import type { Finding } from './dataset.js';
import { singleLine } from './refusal.js';

/** Formats a finding as a line of a log: "row 17, column image, dogs/broken.jpg: the file is cut off (ends after 41 %)". */
export function findingLine({ row, column, file, message }: Finding): string {
  const place = [
    ...(row === null ? [] : [`row ${row}`]),
    ...(column === null ? [] : [`column ${column}`]),
    ...(file === null ? [] : [file]),
  ].join(', ');
  return singleLine(place === '' ? message : `${place}: ${message}`);
}

/** Findings up to a number of each kind, and the count of the others. */
export class FindingLog {
  readonly findings: Finding[] = [];
  readonly omitted: Partial<Record<FindingKind, number>> = {};
  private readonly counts = new Map<FindingKind, number>();

  constructor(private readonly maxPerKind: number) {}

  add(finding: Finding): void {
    const found = this.counts.get(finding.kind) ?? 0;
    if (found >= this.maxPerKind) return this.omit(finding.kind, 1);
    this.counts.set(finding.kind, found + 1);
    this.findings.push(finding);
  }

  omit(kind: FindingKind, count: number): void {
    if (count > 0) this.omitted[kind] = (this.omitted[kind] ?? 0) + count;
  }
}
