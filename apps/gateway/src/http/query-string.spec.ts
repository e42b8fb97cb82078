import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseQueryString } from './query-string.js';

const valueOf = (text: string) => parseQueryString(`x=${text}`)['x'];

describe('parseQueryString', () => {
  it.each([
    ['', {}],
    ['&&', {}],
    ['a', { a: '' }],
    ['a=', { a: '' }],
    ['=b', { '': 'b' }],
    ['a=b=c', { a: 'b=c' }],
    ['a=1&b=2', { a: '1', b: '2' }],
    ['a=1&a=2&a=', { a: ['1', '2', ''] }],
    ['a+b=c+d', { 'a b': 'c d' }],
    ['a%3Db=%26', { 'a=b': '&' }],
    ['a=x;b=y', { a: 'x;b=y' }],
    ['limit[$gt]=1', { 'limit[$gt]': '1' }],
  ])('reads %j', (text, query) => {
    expect({ ...parseQueryString(text) }).toEqual(query);
  });

  it.each([
    ['a bare % at the end', 'cat%', 'cat%'],
    ['a bare % in the middle', 'c%t', 'c%t'],
    ['a % before letters that are no digits', '%zz', '%zz'],
    ['a % before one digit', '100%2', '100%2'],
    ['an escaped %', 'cat%25', 'cat%'],
    ['an escaped escape', '%2541', '%41'],
    ['a bare % beside escapes', 'caf%C3%A9%', 'café%'],
    ['a bare % before an escape', '%%C3%A9', '%é'],
    ['two bare %', '%%', '%%'],
    ['a pipe', 'a%7Cb|c', 'a|b|c'],
    ['an escaped +', '%2B+', '+ '],
    ['NUL', 'a%00b', 'a\0b'],
    ['letters beyond U+FFFF', '%F0%9F%A6%8A', '🦊'],
    ['an escape that begins no character', 'cat%de%', 'cat%de%'],
    ['half a character', '%C3', '%C3'],
    ['half a character before a whole one', '%C3%C3%A9', '%C3é'],
    ['the second half alone', '%A9', '%A9'],
    ['a longer form than needed', '%C0%AE', '%C0%AE'],
    ['half of a surrogate pair', '%ED%A0%80', '%ED%A0%80'],
    ['the replacement character itself', '%EF%BF%BD', '\ufffd'],
    ['more than Unicode has', '%F5%80%80%80', '%F5%80%80%80'],
  ])('takes %s as what it says', (_what, text, value) => {
    expect(valueOf(text)).toBe(value);
  });

  it('has no prototype', () => {
    const query = parseQueryString('__proto__=x&constructor=y&toString');
    expect(Object.getPrototypeOf(query)).toBeNull();
    expect(Object.keys(query)).toEqual(['__proto__', 'constructor', 'toString']);
  });

  it('gives back whatever was escaped by the rules', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 });
    fc.assert(
      fc.property(text, text, (name, value) => {
        const parsed = parseQueryString(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
        expect(Object.entries(parsed)).toEqual([[name, value]]);
        expect([...new URLSearchParams([[name, value]])]).toEqual(
          Object.entries(parseQueryString(String(new URLSearchParams([[name, value]])))),
        );
      }),
    );
  });

  it('never fails, and reads every character once', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('%', 'C', '3', 'A', '9', 'F', '0', '+', '=', '&') }), (text) => {
        for (const value of Object.values(parseQueryString(text)).flat())
          expect(value.length).toBeLessThanOrEqual(text.length);
      }),
      { numRuns: 1000 },
    );
  });
});
