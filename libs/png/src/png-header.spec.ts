import { describe, expect, it } from '@jest/globals';
import { adam7Passes, headerData, type HeaderFields } from './png.fixture.js';
import { passesOf } from './png-header.js';

const passes = (fields: HeaderFields, maxPixels = 2 ** 62) => passesOf(headerData(fields), { maxPixels });
const promised = (fields: HeaderFields) => passes(fields).reduce((sum, { rows, rowBytes }) => sum + rows * rowBytes, 0);

describe('passes of a header', () => {
  it('are one without interlacing', () => {
    expect(passes({ width: 2400, height: 1708 })).toEqual([{ rows: 1708, rowBytes: 4801 }]);
  });

  it('are seven with it', () => {
    // 8 × 8: 1, 1, 2, 4, 8, 16 and 32 pixels.
    expect(passes({ width: 8, height: 8, interlace: 1 })).toEqual([
      { rows: 1, rowBytes: 3 },
      { rows: 1, rowBytes: 3 },
      { rows: 1, rowBytes: 5 },
      { rows: 2, rowBytes: 5 },
      { rows: 2, rowBytes: 9 },
      { rows: 4, rowBytes: 9 },
      { rows: 4, rowBytes: 17 },
    ]);
  });

  it('are those that have pixels', () => {
    expect(passes({ width: 1, height: 1, interlace: 1 })).toEqual([{ rows: 1, rowBytes: 3 }]);
  });

  it('agree with a count of pixel after pixel', () => {
    for (let width = 1; width <= 20; width++) {
      for (let height = 1; height <= 20; height++) {
        const counted = adam7Passes(width, height).map(({ columns, rows }) => ({ rows, rowBytes: 1 + 2 * columns }));
        expect(passes({ width, height, interlace: 1 })).toEqual(counted);
      }
    }
  });

  it('are computed, not counted, for the largest image', () => {
    expect(promised({ width: 2 ** 31 - 1, height: 1 })).toBe(2 ** 32 - 1);
    expect(promised({ width: 2 ** 31 - 1, height: 1, interlace: 1 })).toBe(4 + 2 * (2 ** 31 - 1));
  });
});

describe('another format of pixels', () => {
  it.each([
    [8, 0, 'The PNG is grayscale, with 8 bits per sample; it must be grayscale with 16 bits per pixel.'],
    [16, 2, 'The PNG is in color, with 16 bits per sample; it must be grayscale with 16 bits per pixel.'],
    [4, 3, 'The PNG has a palette, with 4 bits per sample; it must be grayscale with 16 bits per pixel.'],
    [16, 4, 'The PNG is grayscale with alpha, with 16 bits per sample; it must be grayscale with 16 bits per pixel.'],
    [8, 6, 'The PNG is in color with alpha, with 8 bits per sample; it must be grayscale with 16 bits per pixel.'],
    [
      16,
      9,
      'The PNG has the unknown color type 9, with 16 bits per sample; it must be grayscale with 16 bits per pixel.',
    ],
  ])('of %i bits and color type %i is named in the refusal', (depth, colorType, message) => {
    expect(() => passes({ depth, colorType })).toThrow(message);
  });
});

describe('limit of pixels', () => {
  it('is the largest that is taken', () => {
    expect(passes({ width: 10, height: 10 }, 100)).toHaveLength(1);
    expect(() => passes({ width: 10, height: 10 }, 99)).toThrow('The PNG has 10 × 10 pixels; at most 99 are accepted.');
  });

  it('holds for the largest sizes', () => {
    expect(() => passes({ width: 2 ** 31 - 1, height: 2 ** 31 - 1 }, 2 ** 53)).toThrow('at most');
  });
});
