import { describe, expect, it } from '@jest/globals';
import {
  compareTagNames,
  MAX_TAG_GROUPS,
  MAX_TAGS_PER_PROJECT,
  MAX_TAGS_PER_SEARCH,
  MAX_WILDCARD_PATTERNS,
} from '@pentaprism/domain';
import fc from 'fast-check';
import { TagTable } from './tag-table.js';

const toTags = (names: readonly string[]) =>
  names.map((name, i) => ({
    id: (i + 1).toString(16).padStart(24, '0'),
    number: i + 1,
    name,
    description: '',
    type: 'regular' as const,
  }));

/** What a search means, in names. */
function search(names: readonly string[], exact: readonly string[], patterns: readonly string[]) {
  const tags = toTags(names);
  const nameOf = new Map(tags.map(({ id, name }) => [id, name]));
  return new TagTable(tags)
    .resolve(exact, patterns)
    .map((group) => (group === 'any' ? group : group.map((id) => nameOf.get(id))));
}

const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' });

describe('TagTable', () => {
  it('pages through the tags in alphabetical order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: 'grapheme', maxLength: 5 }), { maxLength: 30 }), (names) => {
        const table = new TagTable(toTags(names));
        const shown = [0, 10, 20, 30].flatMap((offset) => table.page(offset, 10)).map(({ name }) => name);
        expect(shown).toEqual([...names].sort(compareTagNames));
        expect(table.size).toBe(names.length);
      }),
    );
  });

  const names = ['Cat', 'cat', 'category', 'Tomcat', 'dog', '100%', 'a_b', 'axb', 'GRÖSSE', 'größe', 'ß', '__proto__'];

  it.each([
    [['cat'], [], [['cat']]],
    [['Cat', 'dog'], [], [['Cat'], ['dog']]],
    [['CAT'], [], [[]]],
    [['%'], [], [[]]],
    [['100%'], [], [['100%']]],
    [['__proto__', 'constructor'], [], [['__proto__'], []]],
    [[], ['cat'], [['Cat', 'cat']]],
    [[], ['CAT%'], [['Cat', 'cat', 'category']]],
    [[], ['%cat'], [['Cat', 'cat', 'Tomcat']]],
    [[], ['%T%g%'], [['category']]],
    [[], ['a_b'], [['a_b']]],
    [[], ['grösse'], [['GRÖSSE']]],
    [[], ['GRÖSSE', 'GRÖẞE'], [['GRÖSSE'], ['größe']]],
    [[], ['100%'], [['100%']]],
    [[], ['nothing%'], [[]]],
    [[], ['%'], ['any']],
    [['cat'], ['d%', '%%%'], [['cat'], ['dog'], 'any']],
    [[], [], []],
  ])('takes the names %j and the patterns %j for %j', (exact, patterns, groups) => {
    expect(search(names, exact, patterns).map((group) => (group === 'any' ? group : [...group].sort()))).toEqual(
      groups.map((group) => (group === 'any' ? group : [...group].sort())),
    );
  });

  it('asks once for what is said twice', () => {
    expect(search(names, ['cat', 'cat'], ['CAT%', 'cat%%', '%', '%%'])).toHaveLength(3);
  });

  it(`takes ${MAX_WILDCARD_PATTERNS} patterns with wildcards, and no more`, () => {
    const patterns = Array.from({ length: MAX_WILDCARD_PATTERNS }, (_, i) => `${i}%`);
    expect(search(names, [], [...patterns, '0%', '%', 'cat'])).toHaveLength(MAX_WILDCARD_PATTERNS + 2);
    expect(() => search(names, [], [...patterns, 'x%'])).toThrow(refused);
  });

  it(`takes ${MAX_TAG_GROUPS} conditions, and no more`, () => {
    const exact = Array.from({ length: MAX_TAG_GROUPS - 1 }, (_, i) => `tag ${i}`);
    expect(search(names, [...exact, 'tag 0'], ['cat'])).toHaveLength(MAX_TAG_GROUPS);
    expect(() => search(names, exact, ['cat', 'dog'])).toThrow(refused);
  });

  it('answers with as many tags as a message can hold, and refuses more in clear words', () => {
    const many = Array.from({ length: MAX_TAGS_PER_PROJECT }, (_, i) => `tag ${i}`);
    const table = new TagTable(toTags(many));
    const groups = table.resolve([], ['t%', '%a%', '%g%']);
    expect(groups.flat()).toHaveLength(MAX_TAGS_PER_SEARCH);
    expect(Buffer.byteLength(JSON.stringify(groups))).toBeLessThan(1_000_000);
    expect(() => table.resolve([], ['t%', '%a%', '%g%', '%9'])).toThrow(/31000 tags.*at most 30000/);
    // What stands for every tag needs no ids.
    expect(table.resolve([], ['t%', '%a%', '%g%', '%'])).toHaveLength(4);
  });
});
