import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MAX_TAG_NAME_LENGTH, MAX_TAGS_PER_IMAGE } from './limits.js';
import { checkTagNames, compareTagNames, sortByTagName } from './tag.js';

describe('tag names', () => {
  it('keeps names as they are, each once, in order', () => {
    expect(checkTagNames([' cat ', 'dog', ' cat ', '__proto__', '🦊'])).toEqual([' cat ', 'dog', '__proto__', '🦊']);
  });

  it.each([
    ['a blank name', ' \t'],
    ['a separator', 'a|b'],
    ['NUL', 'a\0b'],
    ['one character too many', 'x'.repeat(MAX_TAG_NAME_LENGTH + 1)],
  ])('refuses %s', (_what, name) => {
    expect(() => checkTagNames(['fine', name])).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it('takes names and counts up to their limits', () => {
    expect(checkTagNames(['x'.repeat(MAX_TAG_NAME_LENGTH)])).toHaveLength(1);
    const names = Array.from({ length: MAX_TAGS_PER_IMAGE + 1 }, (_, i) => `tag ${i}`);
    expect(checkTagNames(names.slice(1))).toHaveLength(MAX_TAGS_PER_IMAGE);
    expect(() => checkTagNames(names)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it('orders without case, then by code points', () => {
    expect(['b', 'B', 'a', 'Ä', 'ä'].sort(compareTagNames)).toEqual(['a', 'B', 'b', 'Ä', 'ä']);
    expect(['🦊', '\uff5e', 'a🦊', 'a', '🦊a'].sort(compareTagNames)).toEqual(['a', 'a🦊', '\uff5e', '🦊', '🦊a']);
    expect(compareTagNames('same', 'same')).toBe(0);
  });

  it('orders as the code points do, whatever the letters', () => {
    const points = (text: string) => Array.from(text, (character) => character.codePointAt(0) ?? 0);
    const text = fc.string({
      unit: fc.constantFrom('a', 'B', 'b', 'é', '\uff5e', '\ud7ff', '🦊', '𐐀', '𐐨'),
      maxLength: 6,
    });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 12 }), (names) => {
        const sorted = sortByTagName(names.map((name) => ({ name }))).map(({ name }) => name);
        expect(sorted).toEqual([...names].sort(compareTagNames));
        for (const [i, name] of sorted.slice(1).entries()) {
          const [a, b] = [sorted[i] ?? '', name].map((one) => points(one.toLowerCase())) as [number[], number[]];
          const at = b.findIndex((point, k) => point !== a[k]);
          expect(at === -1 ? a.length === b.length : (a[at] ?? -1) < (b[at] ?? -1)).toBe(true);
        }
      }),
    );
  });
});
