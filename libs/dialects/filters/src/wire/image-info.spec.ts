import { describe, expect, it } from '@jest/globals';
import { parseImageInfo, toImageInfo } from './image-info.js';

const parse = (text: string) => parseImageInfo(Buffer.from(text));
const LUT = { gamma: 2.3, slope: 65535, offset: 0, totalGrays: 4096, minimumGray: 3612, maximumGray: 418 };

describe('parseImageInfo', () => {
  it('reads what the .NET SDK writes', () => {
    const sent =
      '{"AcquisitionInfo":{"Binning":1},"LutInfo":{"Gamma":2.3,"Slope":65535.0,"Offset":0.0,"TotalGrays":4096,' +
      '"MinimumGray":3612,"MaximumGray":418}}';
    expect(parse(sent)).toEqual({ binning: 'binned-2x2', lut: LUT });
  });

  it('reads the example of the document, line breaks and a byte order mark included', () => {
    const sent = JSON.stringify({ acquisitionInfo: { binning: 'Binned2X2' }, lutInfo: LUT }, null, 2);
    expect(parse(`\ufeff${sent}`)).toEqual({ binning: 'binned-2x2', lut: LUT });
  });

  it.each([
    ['"Unbinned"', 'unbinned'],
    ['"UNBINNED"', 'unbinned'],
    ['"binned2x2"', 'binned-2x2'],
    ['0', 'unbinned'],
    ['1', 'binned-2x2'],
    ['null', 'unbinned'],
  ])('takes the binning %s', (binning, expected) => {
    expect(parse(`{"acquisitionInfo":{"binning":${binning}}}`).binning).toBe(expected);
  });

  it.each([
    ['{}', null],
    ['{"acquisitionInfo":null,"lutInfo":null}', null],
    ['{"lutInfo":{}}', {}],
    ['{"lutInfo":{"gamma":null,"totalGrays":4096.0}}', { totalGrays: 4096 }],
    ['{"rotation":null,"context":{"a":[1]},"pixelHash":"x","lutInfo":{"gamma":1,"more":"x"}}', { gamma: 1 }],
  ])('takes what is not there for not known, and ignores the rest: %s', (text, lut) => {
    expect(parse(text)).toEqual({ binning: 'unbinned', lut });
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['no object', '[]'],
    ['null', 'null'],
    ['a string', '"{}"'],
    ['another binning', '{"acquisitionInfo":{"binning":"Binned4x4"}}'],
    ['a number of no binning', '{"acquisitionInfo":{"binning":2}}'],
    ['a number as text', '{"acquisitionInfo":{"binning":"1"}}'],
    ['a binning that is true', '{"acquisitionInfo":{"binning":true}}'],
    ['acquisitionInfo as a list', '{"acquisitionInfo":[]}'],
    ['lutInfo as a text', '{"lutInfo":"x"}'],
    ['gamma as a text', '{"lutInfo":{"gamma":"2.3"}}'],
    ['gamma as a boolean', '{"lutInfo":{"gamma":true}}'],
    ['gamma beyond all numbers', '{"lutInfo":{"gamma":1e999}}'],
    ['a fraction of a gray', '{"lutInfo":{"totalGrays":4096.5}}'],
    ['a gray that is no 32-bit integer', '{"lutInfo":{"minimumGray":2147483648}}'],
    ['a gray as a text', '{"lutInfo":{"maximumGray":"1"}}'],
    ['a million levels', '['.repeat(1000)],
  ])('refuses %s', (_what, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it('refuses what is no UTF-8', () => {
    expect(() => parseImageInfo(Buffer.from([0x7b, 0xff, 0x7d]))).toThrow('UTF-8');
  });
});

describe('toImageInfo', () => {
  it('writes it as the document does', () => {
    expect(JSON.stringify(toImageInfo({ binning: 'unbinned', lut: LUT }))).toBe(
      '{"acquisitionInfo":{"binning":"Unbinned"},"lutInfo":{"gamma":2.3,"slope":65535,"offset":0,"totalGrays":4096,' +
        '"minimumGray":3612,"maximumGray":418}}',
    );
    expect(toImageInfo({ binning: 'binned-2x2', lut: null })).toEqual({
      acquisitionInfo: { binning: 'Binned2x2' },
      lutInfo: null,
    });
  });
});
