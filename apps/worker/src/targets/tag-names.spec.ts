import { describe, expect, it } from '@jest/globals';
import { checkTagName, MAX_TAG_NAME_LENGTH } from '@pentaprism/domain';
import { tagNamesOf } from './tag-names.js';

describe('tagNamesOf', () => {
  it('keeps labels that are legal', () => {
    const labels = ['cats', ' dogs ', 'blå triangel', 'a_b'];
    expect([...tagNamesOf(labels)]).toEqual(labels.map((label) => [label, label]));
  });

  it('replaces what no tag may have', () => {
    expect([...tagNamesOf(['a|b', 'c\0d', ' \t', 'e\ud800f'])]).toEqual([
      ['a|b', 'a_b'],
      ['c\0d', 'c_d'],
      [' \t', '_'],
      ['e\ud800f', 'e\ufffdf'],
    ]);
  });

  it('gives different labels different names, and the same label always the same one', () => {
    const long = 'x'.repeat(MAX_TAG_NAME_LENGTH);
    const labels = [
      'a|b',
      'a_b',
      'a\0b',
      '\ud800',
      '\ud801',
      '\ufffd',
      ' ',
      '|',
      '_',
      long,
      `${long}1`,
      `${long}2`,
      `${'🐈'.repeat(90)}`,
    ];
    const names = tagNamesOf(labels);
    expect(new Set(names.values()).size).toBe(labels.length);
    for (const name of names.values()) expect([checkTagName(name), name.isWellFormed()]).toEqual([name, true]);
    expect(tagNamesOf(labels)).toEqual(names);
    expect(names.get('a_b')).toBe('a_b');
    expect(names.get(long)).toBe(long);
  });
});
