import { describe, expect, it } from '@jest/globals';
import { shuffled } from './shuffled.js';

describe('shuffled', () => {
  const items = Array.from({ length: 50 }, (_, i) => i);

  it('has the same items, and leaves the list as it was', () => {
    const before = [...items];
    expect(shuffled(items).sort((a, b) => a - b)).toEqual(before);
    expect(items).toEqual(before);
    expect(shuffled([])).toEqual([]);
  });

  it('begins with another one each time', () => {
    const first = new Set(Array.from({ length: 100 }, () => shuffled(items)[0]));
    expect(first.size).toBeGreaterThan(10);
  });
});
