import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { foldName } from './fold-name.js';
import { MAX_TAG_NAME_LENGTH } from './limits.js';
import { TagPattern, type StepMeter } from './tag-pattern.js';

const fits = (pattern: string, name: string) => new TagPattern(pattern).fits(foldName(name));

/** The meaning of a pattern in three lines, as slow as it likes to be. */
function reference(pattern: string, name: string): boolean {
  if (pattern === '') return name === '';
  if (pattern[0] !== '%') return pattern[0] === name[0] && reference(pattern.slice(1), name.slice(1));
  return Array.from({ length: name.length + 1 }, (_, i) => i).some((i) => reference(pattern.slice(1), name.slice(i)));
}

describe('TagPattern', () => {
  it.each([
    ['cat', 'cat', true],
    ['cat', 'Cat', true],
    ['cat', 'cats', false],
    ['cat', 'a cat', false],
    ['cat%', 'category', true],
    ['cat%', 'cat', true],
    ['cat%', 'a cat', false],
    ['%cat', 'tomcat', true],
    ['%cat', 'cats', false],
    ['%cat%', 'concatenate', true],
    ['c%t', 'CaT', true],
    ['c%t', 'ct', true],
    ['c%t', 'c', false],
    ['a%a', 'a', false],
    ['a%a', 'aa', true],
    ['%ab%ba%', 'aba', false],
    ['%ab%ba%', 'abba', true],
    ['%', 'anything', true],
    ['%%', ' ', true],
    ['a_c', 'abc', false],
    ['a.c', 'abc', false],
    ['a*', 'abc', false],
    ['[a-z]', 'b', false],
    ['a\\%', 'a\\b', true],
    ['a\\%', 'a%', false],
    ['100%', '100% wool', true],
    ['GRÖSSE', 'grösse', true],
    ['ΟΔΟΣ%', 'ΟΔΟΣΑ', true],
    ['%Σ', 'σίσυφος', true],
    ['%𐐀%', 'a𐐨b', true],
    ['%🦊%', 'a fox 🦊', true],
    ['', '', true],
    ['', 'a', false],
  ])('%j for %j: %s', (pattern, name, expected) => {
    expect(fits(pattern, name)).toBe(expected);
  });

  it('means what its definition says', () => {
    const text = (unit: string[], maxLength: number) => fc.string({ unit: fc.constantFrom(...unit), maxLength });
    fc.assert(
      fc.property(text(['a', 'b', '%'], 9), text(['a', 'b'], 12), (pattern, name) => {
        expect(fits(pattern, name)).toBe(reference(pattern, name));
      }),
      { numRuns: 3000 },
    );
    const letters = ['ä', 'Ä', 'a\u0308', 'σ', 'Σ', '𐐀', '𐐨', 'İ', '%', '_', '.', '\\'];
    fc.assert(
      fc.property(text(letters, 7), text(letters, 9), (pattern, name) => {
        expect(fits(pattern, name)).toBe(reference(foldName(pattern), foldName(name)));
      }),
      { numRuns: 2000 },
    );
  });

  it('fits what was made from it', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 5 }), { minLength: 1 }), (runs) => {
        const pieces = runs.map((run) => run.replaceAll('%', ''));
        expect(fits(pieces.join('%').toUpperCase().toLowerCase(), pieces.join('x').toUpperCase())).toBe(true);
      }),
    );
  });

  it('knows what fits all, and what stands for one name', () => {
    const facts = (pattern: string) => {
      const { fitsAll, isLiteral, text } = new TagPattern(pattern);
      return { fitsAll, isLiteral, text };
    };
    expect(facts('%')).toEqual({ fitsAll: true, isLiteral: false, text: '%' });
    expect(facts('%%%')).toEqual(facts('%'));
    expect(facts('A%%b')).toEqual({ fitsAll: false, isLiteral: false, text: 'a%b' });
    expect(facts('A')).toEqual({ fitsAll: false, isLiteral: true, text: 'a' });
    expect(facts('')).toEqual({ fitsAll: false, isLiteral: true, text: '' });
  });

  // Each of these makes a matcher that goes back take a time that grows with a power of the length, or doubles with it.
  const many = 200;
  const longest = 'a'.repeat(MAX_TAG_NAME_LENGTH);
  it.each([
    ['%a%a%a…%b', `${'%a'.repeat(many)}%b`, longest],
    ['%a%a%a…', '%a'.repeat(many), longest],
    ['%a%a%a… that fits', '%a'.repeat(MAX_TAG_NAME_LENGTH), longest],
    ['only %', '%'.repeat(8000), longest],
    ['% and a long end', `%${'a'.repeat(many)}b`, longest],
    ['%aaaa…b% in aaaa…', `%${'a'.repeat(80)}b%`, longest],
    ['%abab…c%', `%${'ab'.repeat(40)}c%`, 'ab'.repeat(MAX_TAG_NAME_LENGTH / 2)],
    ['%aab%aab%…', '%aab'.repeat(50), 'aab'.repeat(53)],
    ['a pattern as long as a URL', 'a%'.repeat(8000), longest],
    ['the longest fold', '%İ'.repeat(60), 'İ'.repeat(MAX_TAG_NAME_LENGTH)],
  ])('takes a number of steps in proportion to the name: %s', (_what, pattern, name) => {
    const folded = foldName(name);
    const meter: StepMeter = { steps: 0 };
    const compiled = new TagPattern(pattern);
    compiled.fits(folded, meter);
    expect(meter.steps).toBeGreaterThan(0);
    expect(meter.steps).toBeLessThanOrEqual(2 * folded.length + compiled.text.length + 1);
  });

  it('stays within that for every pattern', () => {
    const text = (unit: string[], maxLength: number) => fc.string({ unit: fc.constantFrom(...unit), maxLength });
    fc.assert(
      fc.property(text(['a', 'a', 'b', '%'], 60), text(['a', 'a', 'a', 'b'], 160), (pattern, name) => {
        const meter: StepMeter = { steps: 0 };
        new TagPattern(pattern).fits(name, meter);
        expect(meter.steps).toBeLessThanOrEqual(2 * name.length + 2 * pattern.length + 1);
      }),
      { numRuns: 2000 },
    );
  });
});
