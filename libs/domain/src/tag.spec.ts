import { describe, expect, it } from '@jest/globals';
import { MAX_TAG_NAME_LENGTH, MAX_TAGS_PER_IMAGE } from './limits.js';
import { checkTagNames, compareTagNames } from './tag.js';

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
});
