import { describe, expect, it } from '@jest/globals';
import { fromContentId, toContentId } from './content-id.js';
import { steadyExpiry } from './steady-expiry.js';

const sha256 = 'ab'.repeat(32);

describe('ids of contents', () => {
  it.each(['image/png', 'image/jpeg', 'image/bmp', 'application/octet-stream'])('hold all of %s', (mediaType) => {
    const id = toContentId({ sha256, size: 6_291_456, mediaType });
    expect(id).toMatch(/^[A-Za-z0-9_-]{1,128}$/);
    expect(fromContentId(id)).toEqual({ sha256, size: 6_291_456, mediaType });
  });

  it('say of other types only that they are bytes', () => {
    expect(fromContentId(toContentId({ sha256, size: 1, mediaType: 'text/html' }))?.mediaType).toBe(
      'application/octet-stream',
    );
  });

  it.each(['a'.repeat(24), sha256, `${sha256}-1`, `${sha256}-01-png`, `${sha256}-1-svg+xml`, `x${sha256}-1-png`])(
    '%s is none',
    (id) => {
      expect(fromContentId(id)).toBeUndefined();
    },
  );
});

describe('a steady end', () => {
  it('stays for a quarter of a life, and is never too early', () => {
    const ends = Array.from({ length: 3600 }, (_, second) => steadyExpiry(1_790_000_000 + second, 3600));
    expect(new Set(ends).size).toBeLessThanOrEqual(5);
    ends.forEach((end, second) => {
      const life = end - 1_790_000_000 - second;
      expect(life >= 3600 && life <= 4500).toBe(true);
    });
    expect(steadyExpiry(10, 1)).toBe(11);
  });
});
