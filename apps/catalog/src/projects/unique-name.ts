import { FILTERS_PROJECT, LIBRARY_PROJECT } from '@pentaprism/domain';

/** Names of the projects that each workspace has. No other project gets one of them as its unique name. */
const RESERVED_NAMES: ReadonlySet<string> = new Set([LIBRARY_PROJECT, FILTERS_PROJECT]);

/**
 * Returns the form in which names are compared: normal form C, in which texts that look the same are equal. Lone surrogates
 * are replaced as MongoDB replaces them, so that the form is equal to the one that is stored.
 */
export function comparableName(name: string): string {
  return name.toWellFormed().normalize('NFC');
}

export function isReserved(uniqueName: string): boolean {
  return RESERVED_NAMES.has(uniqueName);
}

/**
 * Returns bounds of the unique names that are the given name or begin with it and ` (`: the numbered forms are among
 * these. They hold in the order of the index, which compares bytes of UTF-8: `)` follows `(`.
 */
export function numberedNamesOf(uniqueName: string): { readonly from: string; readonly before: string } {
  return { from: uniqueName, before: `${uniqueName} )` };
}

/** Returns the first of `name`, `name (2)`, `name (3)` and so on that is neither taken nor reserved. */
export function firstFreeName(uniqueName: string, taken: readonly string[]): string {
  const names = new Set(taken);
  let free = uniqueName;
  for (let number = 2; names.has(free) || isReserved(free); number++) free = `${uniqueName} (${number})`;
  return free;
}
