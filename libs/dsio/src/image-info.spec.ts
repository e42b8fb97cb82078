import { describe, expect, it } from '@jest/globals';
import { dsioImageInfo } from './image-info.js';

const lutInfo = { gamma: 2.3, slope: 65535.0, offset: 0, totalGrays: 4096, minimumGray: 3612, maximumGray: 418 };
const binningOf = (binning: unknown) => dsioImageInfo.parse({ acquisitionInfo: { binning } }).binning;

describe('what a device says of an image', () => {
  it('is read, and the rest of it ignored', () => {
    const info = { binning: 'binned-2x2', lut: lutInfo } as const;
    const sent = {
      id: 'x',
      previewUrl: 'https://device/x',
      rotation: null,
      acquisitionInfo: { enable: true, binning: 'Binned2x2', applyLut: true, context: { tooth: [11] } },
      lutInfo: { ...lutInfo, more: 'x' },
    };
    expect(dsioImageInfo.parse(sent)).toEqual(info);
  });

  it('may have keys in any case', () => {
    const pascal = {
      AcquisitionInfo: { Binning: 1, Rotation: null },
      LUTINFO: { Gamma: 2.3, SLOPE: 65535, oFFset: 0, TotalGrays: 4096, MinimumGray: 3612, maximumgray: 418 },
    };
    expect(dsioImageInfo.parse(pascal)).toEqual({ binning: 'binned-2x2', lut: lutInfo });
  });

  it.each([
    ['Unbinned', 'unbinned'],
    ['UNBINNED', 'unbinned'],
    [0, 'unbinned'],
    [null, 'unbinned'],
    [undefined, 'unbinned'],
    ['Binned2x2', 'binned-2x2'],
    ['Binned2X2', 'binned-2x2'],
    ['binned2x2', 'binned-2x2'],
    [1, 'binned-2x2'],
  ])('may have the binning %j', (given, binning) => {
    expect(binningOf(given)).toBe(binning);
  });

  it.each(['', 'Binned4x4', 'binned-2x2', '1', 2, -1, 0.5, true, [], {}, ['Unbinned']])(
    'is refused with the binning %j',
    (binning) => {
      expect(() => binningOf(binning)).toThrow();
    },
  );

  it('has a lookup table, or a part of one, or none', () => {
    expect(dsioImageInfo.parse({}).lut).toBeNull();
    expect(dsioImageInfo.parse({ lutInfo: null, acquisitionInfo: null })).toEqual({ binning: 'unbinned', lut: null });
    expect(dsioImageInfo.parse({ lutInfo: { gamma: 1, slope: null } }).lut).toEqual({ gamma: 1 });
  });

  it.each([
    ['a gamma of text', { gamma: '2.3' }],
    ['a slope of truth', { slope: true }],
    ['an offset without end', { offset: Infinity }],
    ['half a gray', { totalGrays: 0.5 }],
    ['more grays than 32 bits', { maximumGray: 2 ** 31 }],
    ['a list', []],
    ['text', 'none'],
    ['a number', 1],
  ])('is refused with %s as its lookup table', (_what, lut) => {
    expect(() => dsioImageInfo.parse({ lutInfo: lut })).toThrow();
  });

  it.each([[null], ['text'], [7], [[]], [{ acquisitionInfo: [] }], [{ acquisitionInfo: 'none' }]])(
    'is refused when it is %j',
    (value) => {
      expect(() => dsioImageInfo.parse(value)).toThrow();
    },
  );
});
