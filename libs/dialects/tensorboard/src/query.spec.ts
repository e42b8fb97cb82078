import { describe, expect, it } from '@jest/globals';
import { first, sampleOf } from './query.js';

describe('sampleOf', () => {
  it.each([
    [undefined, 0],
    ['0', 0],
    ['-0', 0],
    ['+3', 3],
    ['007', 7],
    ['100000', 100_000],
    ['9'.repeat(30), 1e30],
  ])('reads %j as %d', (text, sample) => {
    expect(Math.abs(sampleOf(text))).toBe(sample);
  });

  it.each(['', 'abc', '1.5', '-1', '-9', ' 1', '1e3', '0x10', '1_000'])('refuses %j', (text) => {
    expect(() => sampleOf(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('first', () => {
  it('returns the first of several values', () => {
    const query = Object.assign(Object.create(null), { a: 'x', b: ['y', 'z'] }) as object;
    expect(['a', 'b', 'c', 'toString'].map((name) => first(query, name))).toEqual(['x', 'y', undefined, undefined]);
  });
});
