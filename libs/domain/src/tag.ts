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

/** JavaScript's own `<` compares UTF-16 units, which puts U+FF5E behind an emoji. */
function compareCodePoints(a: string, b: string): number {
  for (let i = 0; ; i++) {
    const [x, y] = [a.codePointAt(i), b.codePointAt(i)];
    if (x !== y) return (x ?? -1) - (y ?? -1);
    if (x === undefined) return 0;
    // The second half of a surrogate pair is compared again, and is equal.
  }
}
