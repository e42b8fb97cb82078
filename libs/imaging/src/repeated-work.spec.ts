import { describe, expect, it } from '@jest/globals';
import { analyseImage } from './analyse-image.js';
import { failureOf, photo, pixelsOf, pngClaiming } from './fixtures.fixture.js';
import { MAX_JPEG_SCANS, MAX_PNG_TEXTS } from './limits.js';
import { checkRepeatedWork } from './repeated-work.js';

const progressive = Buffer.from('ffd8ffc2000b080008000801011100', 'hex');
const baseline = Buffer.from('ffd8ffc0000b080008000801011100', 'hex');
/** A scan with coded pixels: one that is 0xFF, and a restart marker. */
const scan = Buffer.from('ffda0008010100000000ff0012ffd034', 'hex');
const end = Buffer.from('ffd9', 'hex');
const jpeg = (start: Buffer, scans: number, behind = Buffer.alloc(0)) =>
  Buffer.concat([start, ...Array<Buffer>(scans).fill(scan), end, behind]);
const check = (bytes: Buffer) => () => checkRepeatedWork('jpeg', bytes);

describe('scans of a JPEG', () => {
  it('are counted where each costs a walk over the picture', () => {
    expect(check(jpeg(progressive, MAX_JPEG_SCANS))).not.toThrow();
    expect(check(jpeg(progressive, MAX_JPEG_SCANS + 1))).toThrow('It has more than 100 scans.');
    expect(check(jpeg(baseline, MAX_JPEG_SCANS + 1))).not.toThrow();
  });

  it('are not counted in what programs add, nor behind the end', () => {
    const length = Buffer.alloc(2);
    const noise = Buffer.concat(Array<Buffer>(500).fill(scan));
    length.writeUInt16BE(noise.length + 2);
    const added = Buffer.concat([progressive.subarray(0, 2), Buffer.from('ffe1', 'hex'), length, noise]);
    expect(check(jpeg(Buffer.concat([added, progressive.subarray(2)]), 10))).not.toThrow();
    expect(check(jpeg(progressive, 10, noise))).not.toThrow();
  });

  it.each(['', 'ff', 'ffd8', 'ffd8ff', 'ffd8ffc2', 'ffd8ffda0000', 'ffd8ffdaffff'])('end in %s', (hex) => {
    expect(check(Buffer.from(hex, 'hex'))).not.toThrow();
  });

  it('are few in a progressive photo', async () => {
    const bytes = await pixelsOf(await photo('progressive'))
      .jpeg({ progressive: true })
      .toBuffer();
    expect(await analyseImage(bytes)).toMatchObject({ format: 'jpeg', width: 320 });
  });
});

describe('texts of a PNG', () => {
  const texts = (count: number, type: string) => {
    const whole = pngClaiming(8, 8);
    const text = Buffer.concat([Buffer.from([0, 0, 0, 3]), Buffer.from(type), Buffer.from('a\0\0'), Buffer.alloc(4)]);
    // Behind the signature and the header.
    return Buffer.concat([whole.subarray(0, 33), ...Array<Buffer>(count).fill(text), whole.subarray(33)]);
  };

  it.each(['zTXt', 'iTXt'])('are counted: %s', (type) => {
    expect(() => checkRepeatedWork('png', texts(MAX_PNG_TEXTS, type))).not.toThrow();
    expect(() => checkRepeatedWork('png', texts(MAX_PNG_TEXTS + 1, type))).toThrow('more than 64 texts');
  });

  it('are refused by analysis before anything is inflated', async () => {
    expect(await failureOf(analyseImage(texts(1000, 'zTXt')))).toMatchObject({
      code: 'UNDECODABLE_IMAGE',
      reason: 'too_large',
    });
  });

  it('that are not compressed are no work', () => {
    expect(() => checkRepeatedWork('png', texts(1000, 'tEXt'))).not.toThrow();
  });

  it('may be cut anywhere', () => {
    const whole = texts(3, 'zTXt');
    for (let length = 0; length < whole.length; length++) {
      expect(() => checkRepeatedWork('png', whole.subarray(0, length))).not.toThrow();
    }
  });
});
