import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { foldName } from './fold-name.js';

describe('foldName', () => {
  it.each([
    ['ASCII', 'Cat', 'cAT'],
    ['umlauts', 'GRÖSSE', 'grösse'],
    ['a capital sharp s', 'GROẞ', 'groß'],
    ['Cyrillic', 'КОШКА', 'кошка'],
    ['sigmas in every place', 'ΣΊΣΥΦΟΣ', 'σίσυφος'],
    ['letters beyond U+FFFF', '𐐀𞤀', '𐐨𞤢'],
    ['one sign and two that look like it', 'é', 'E\u0301'],
    ['a dotted capital i', 'İ', 'i\u0307'],
    ['marks in another order', 'I\u0323\u0307', 'i\u0307\u0323'],
    ['the Kelvin sign', '\u212a', 'k'],
  ])('gives one form to %s', (_what, a, b) => {
    expect(foldName(a)).toBe(foldName(b));
  });

  it.each([
    ['ß', 'ss'],
    ['İ', 'i'],
    ['ı', 'i'],
    ['é', 'e'],
    ['ﬁ', 'fi'],
    ['％', '%'],
  ])('distinguishes %s from %s', (a, b) => {
    expect(foldName(a)).not.toBe(foldName(b));
  });

  it('gives the same form when a name is folded twice or arrives in another normal form', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
        const folded = foldName(text);
        expect(foldName(folded)).toBe(folded);
        expect(foldName(text.normalize('NFD'))).toBe(folded);
        // Only JavaScript's own lower-casing looks around a letter; a pattern is cut in pieces, and must not notice.
        expect(foldName(text).split('%').length).toBe(text.split('%').length);
      }),
    );
  });
});
