import type { DatasetLimits } from './limits.js';
import { count, quoted, refusal, singleLine } from './refusal.js';

/**
 * Returns the names of columns: of a header's cells without spaces around them. Empty names become "column 3", and
 * equal ones get ".1", ".2" and so on, as pandas does.
 */
export function columnNames(header: readonly string[], limits: DatasetLimits): string[] {
  const { columnNameLength, columns } = limits;
  if (header.length > columns) {
    throw refusal(
      `The table has ${count(header.length)} columns; at most ${count(columns)} are allowed. Leave some out.`,
    );
  }
  const names = header.map((cell, index) => singleLine(cell).trim() || `column ${index + 1}`);
  const tooLong = names.find((name) => name.length > columnNameLength);
  if (tooLong !== undefined) {
    throw refusal(
      `The column name ${quoted(tooLong)} has ${count(tooLong.length)} characters; at most ${columnNameLength} are allowed. Shorten it.`,
    );
  }
  return withoutEqual(names, columnNameLength);
}

function withoutEqual(names: readonly string[], maxLength: number): string[] {
  const taken = new Set(names);
  const seen = new Set<string>();
  const next = new Map<string, number>();
  return names.map((name) => {
    if (!seen.has(name)) {
      seen.add(name);
      return name;
    }
    let number = next.get(name) ?? 1;
    while (taken.has(numbered(name, number, maxLength))) number += 1;
    next.set(name, number + 1);
    const unique = numbered(name, number, maxLength);
    taken.add(unique);
    return unique;
  });
}

function numbered(name: string, number: number, maxLength: number): string {
  const suffix = `.${number}`;
  return `${name.slice(0, maxLength - suffix.length).toWellFormed()}${suffix}`;
}
