import { describe, expect, it } from '@jest/globals';
import { comparableName, firstFreeName, numberedNamesOf } from './unique-name.js';

describe('firstFreeName', () => {
  it.each([
    ['photos', [], 'photos'],
    ['photos', ['photos'], 'photos (2)'],
    ['photos', ['photos (2)'], 'photos'],
    ['photos', ['photos', 'photos (2)', 'photos (4)'], 'photos (3)'],
    ['photos (2)', ['photos (2)'], 'photos (2) (2)'],
    ['library', [], 'library (2)'],
    ['filters', ['filters (2)'], 'filters (3)'],
    ['Library', [], 'Library'],
  ])('makes of %j beside %j the unique name %j', (name, taken, free) => {
    expect(firstFreeName(name, taken)).toBe(free);
  });
});

describe('numberedNamesOf', () => {
  const isWithin = (text: string, name: string) => {
    const { from, before } = numberedNamesOf(name);
    const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
    return compare(text, from) >= 0 && compare(text, before) < 0;
  };

  it.each(['photos', 'ß', '𐐀', '.*', 'a\0'])('holds all numbered forms of %j in the order of the index', (name) => {
    for (const form of [name, `${name} (2)`, `${name} (1000)`]) expect(isWithin(form, name)).toBe(true);
  });

  it.each(['photo', 'photos!', 'photosynthesis', 'photos )', 'photos 2', 'Photos (2)', 'q'])(
    'leaves out %j',
    (other) => {
      expect(isWithin(other, 'photos')).toBe(false);
    },
  );
});

describe('comparableName', () => {
  it('gives one form to names that look the same', () => {
    expect(comparableName('cafe\u0301')).toBe('caf\u00e9');
  });

  it('replaces lone surrogates as MongoDB does', () => {
    expect(comparableName('a\ud800')).toBe(Buffer.from('a\ud800').toString());
  });
});
