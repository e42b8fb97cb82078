import { describe, expect, it } from '@jest/globals';
import { labelsOfCell } from './cell-values.js';

describe('labelsOfCell', () => {
  it('returns the texts and numbers of a JSON array as texts', () => {
    expect(labelsOfCell(' ["cat", 7, "🐈", "\\ud83d\\udc08"]')).toEqual(['cat', '7', '🐈', '🐈']);
    expect(labelsOfCell('[]')).toEqual([]);
  });

  it('replaces escaped halves of surrogate pairs by U+FFFD', () => {
    expect(labelsOfCell('["a\\ud800", "\\udc08b"]')).toEqual(['a\ufffd', '\ufffdb']);
  });

  it.each(['cat', '["cat"', '["cat", null]', '[["cat"]]', '{"a": 1}'])('returns null for %s', (cell) => {
    expect(labelsOfCell(cell)).toBeNull();
  });
});
