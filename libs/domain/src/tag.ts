import { DomainError } from './error.js';
import { MAX_TAG_NAME_LENGTH, MAX_TAGS_PER_IMAGE } from './limits.js';

/**
 * Checks a tag's name and gives it back unchanged: names are data, and are compared exactly.
 *
 * A `|` separates names in searches, so a name that holds one could never be found.
 *
 * @throws DomainError INVALID_ARGUMENT
 */
export function checkTagName(name: string): string {
  if (name.trim() === '') throw new DomainError('INVALID_ARGUMENT', 'A tag name must not be blank.', { field: 'tags' });
  if (name.length > MAX_TAG_NAME_LENGTH) {
    throw new DomainError('INVALID_ARGUMENT', `A tag name has at most ${MAX_TAG_NAME_LENGTH} characters.`, {
      field: 'tags',
    });
  }
  if (name.includes('|')) {
    throw new DomainError('INVALID_ARGUMENT', "A tag name must not hold '|', which separates names in searches.", {
      field: 'tags',
    });
  }
  if (name.includes('\0'))
    throw new DomainError('INVALID_ARGUMENT', 'A tag name must not hold NUL.', { field: 'tags' });
  return name;
}

/**
 * The tag names of one image: each checked, each once, in the order of their first mention.
 *
 * @throws DomainError INVALID_ARGUMENT
 */
export function checkTagNames(names: readonly string[]): string[] {
  const unique = [...new Set(names.map(checkTagName))];
  if (unique.length > MAX_TAGS_PER_IMAGE) {
    throw new DomainError('INVALID_ARGUMENT', `An image has at most ${MAX_TAGS_PER_IMAGE} tags.`, { field: 'tags' });
  }
  return unique;
}

/** Alphabetical for people: without case first, equal ones by code points. */
export function compareTagNames(a: string, b: string): number {
  return compareCodePoints(a.toLowerCase(), b.toLowerCase()) || compareCodePoints(a, b);
}

/** Sorts as `compareTagNames` does, with one lower-casing for each name: ten thousand tags are sorted in milliseconds. */
export function sortByTagName<Item extends { readonly name: string }>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, lower: item.name.toLowerCase() }))
    .sort((a, b) => compareCodePoints(a.lower, b.lower) || compareCodePoints(a.item.name, b.item.name))
    .map(({ item }) => item);
}

/** JavaScript's own `<` compares UTF-16 units, which puts U+FF5E behind an emoji. */
function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // Halves of surrogate pairs stand for code points above all others, and their units do not.
    return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1;
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
