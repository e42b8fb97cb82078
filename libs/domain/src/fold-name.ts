/**
 * Returns the form of a name that searches without case compare: names that differ only in case have the same form.
 *
 * The form is Unicode's default lower-case mapping (`toLowerCase`) of the name in normal form C, with two additions. It is
 * normalised again, because lower-casing can leave marks in another order (`Ị̇`). And `ς` becomes `σ`, because JavaScript
 * writes a sigma at the end of a word as `ς`, so that `ΟΔΟΣ%` would not find `ΟΔΟΣΑ`. What follows from lower-casing, as in
 * SQL's `lower`: `ß` is equal to `ẞ` and not to `ss`; `İ` is `i` with a dot above and not a plain `i`; letters beyond U+FFFF
 * (`𐐀`) fold as all others do.
 */
export function foldName(name: string): string {
  return name.normalize('NFC').toLowerCase().normalize('NFC').replaceAll('ς', 'σ');
}
