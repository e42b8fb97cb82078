import { describe, expect, it } from '@jest/globals';
import { analyseImage } from './analyse-image.js';
import { sharp } from './configured-sharp.js';
import { failureOf, photo, pixelsOf } from './fixtures.fixture.js';
import { checkJpeg, maxJpegPixels, readJpegStructure } from './jpeg-structure.js';
import { MAX_JPEG_PIXELS, MAX_JPEG_SCANS } from './limits.js';

const progressive = Buffer.from('ffd8ffc2000b080008000801011100', 'hex');
const baseline = Buffer.from('ffd8ffc0000b080008000801011100', 'hex');
/** A scan with coded pixels: one that is 0xFF, and a restart marker. */
const scan = Buffer.from('ffda0008010100000000ff0012ffd034', 'hex');
const end = Buffer.from('ffd9', 'hex');
const jpeg = (start: Buffer, scans: number, behind = Buffer.alloc(0)) =>
  Buffer.concat([start, ...Array<Buffer>(scans).fill(scan), end, behind]);
const check = (bytes: Buffer) => () => checkJpeg(readJpegStructure(bytes));

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

describe('a JPEG', () => {
  const kinds = {
    baseline: {},
    progressive: { progressive: true },
    'without reduced chroma': { chromaSubsampling: '4:4:4' },
  };
  const made = async (options: object) =>
    pixelsOf(await photo('jpeg', 96, 64))
      .jpeg(options)
      .toBuffer();
  const lookOf = async (bytes: Buffer) => (await analyseImage(bytes)).thumbnail.bytes;
  const SOS = Buffer.from([0xff, 0xda]);

  it.each(Object.entries(kinds))('that lacks its end marker only is a picture: %s', async (_name, options) => {
    const whole = await made(options);
    expect(whole.subarray(-2)).toEqual(end);
    for (const missing of [1, 2]) expect(await lookOf(whole.subarray(0, -missing))).toEqual(await lookOf(whole));
  });

  it.each(Object.entries(kinds))(
    'that is cut is refused, with and without an end marker: %s',
    async (name, options) => {
      const whole = await made(options);
      const firstScan = whole.indexOf(SOS) + 20;
      for (let length = 100; length < whole.length - 3; length += name === 'baseline' ? 7 : 23) {
        const cut = whole.subarray(0, length);
        expect({ length, ...(await failureOf(analyseImage(cut))) }).toMatchObject({ length, reason: 'damaged' });
        // A progressive one is whole behind each scan, as far as its markers say.
        if (length < firstScan || name === 'progressive') continue;
        expect(await failureOf(analyseImage(Buffer.concat([cut, end])))).toMatchObject({ reason: 'damaged' });
      }
    },
  );

  it('that is cut between two scans is refused', async () => {
    const whole = await made({ progressive: true });
    for (let at = whole.indexOf(SOS, whole.indexOf(SOS) + 2); at > 0; at = whole.indexOf(SOS, at + 2))
      expect(await failureOf(analyseImage(whole.subarray(0, at)))).toMatchObject({ reason: 'damaged' });
  });

  it('about which a decoder has something to remark is a picture', async () => {
    const whole = await made({});
    const expected = await lookOf(whole);
    const [tables, pixels] = [whole.indexOf(Buffer.from([0xff, 0xc4])), whole.indexOf(SOS)];
    const insert = (at: number, ...bytes: number[]) =>
      Buffer.concat([whole.subarray(0, at), Buffer.from(bytes), whole.subarray(at)]);
    expect(await lookOf(insert(tables, 0, 1, 2))).toEqual(expected);
    expect(await lookOf(insert(pixels, 0xab, 0xcd))).toEqual(expected);
    expect(await lookOf(insert(whole.length - 2, 0x12, 0x34))).toEqual(expected);
    expect(await lookOf(insert(whole.length, 1, 2, 3))).toEqual(expected);
    // "Invalid SOS parameters", which phones write: the last coefficient is 0.
    const phone = Buffer.from(whole);
    phone[pixels + 4 + 1 + 3 * 2 + 1] = 0;
    expect(await lookOf(phone)).toEqual(expected);
  });

  it.each([
    [0xc0, 12, 'It is a JPEG of 12 bits per sample; JPEG files of 8 bits are decoded.'],
    [0xc3, 16, 'It is a JPEG of 16 bits per sample; JPEG files of 8 bits are decoded.'],
    [0xc5, 8, 'It is a hierarchical JPEG or a JPEG-LS, which are not decoded here.'],
    [0xf7, 8, 'It is a hierarchical JPEG or a JPEG-LS, which are not decoded here.'],
  ])('of frame %i with %i bits is named, and not called damaged', async (marker, bits, message) => {
    const bytes = Buffer.from(await made({}));
    const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]));
    bytes[frame + 1] = marker;
    bytes[frame + 4] = bits;
    expect(await failureOf(analyseImage(bytes))).toEqual({ code: 'UNDECODABLE_IMAGE', message, reason: 'unsupported' });
  });

  it('of a camera of 50 megapixels, or of 121, is a picture', async () => {
    for (const [width, height] of [
      [8192, 6144],
      [12_700, 9_525],
    ] as const) {
      const bytes = await sharp({ create: { width, height, channels: 3, background: '#c86432' } })
        .jpeg()
        .toBuffer();
      expect(await analyseImage(bytes)).toMatchObject({ width, height, resized: { width: 1024, height: 768 } });
    }
  });

  it('may have fewer pixels where all of its coefficients are kept while it is decoded', () => {
    const frame = (marker: number, factors: number) => ({
      marker,
      bitsPerSample: 8,
      width: 8,
      height: 8,
      components: [factors, 1, 1].map((across, id) => ({ id, across, down: across })),
    });
    const scan = (...components: number[]) => ({ components, from: 0, to: 63, shift: 0 });
    const most = (marker: number, factors: number, ...components: number[]) =>
      Math.floor(maxJpegPixels({ frame: frame(marker, factors), scans: [scan(...components)], hasEnd: true }) / 1e6);
    expect(most(0xc0, 1, 0, 1, 2)).toBe(MAX_JPEG_PIXELS / 1e6);
    expect(most(0xc0, 1, 0)).toBe(125);
    expect(most(0xc2, 1, 0, 1, 2)).toBe(125);
    expect(most(0xc2, 2, 0, 1, 2)).toBe(MAX_JPEG_PIXELS / 1e6);
    // It is not reduced while it is decoded.
    expect(most(0xc3, 1, 0, 1, 2)).toBe(50);
  });

  it('with many scans of many pixels is refused', () => {
    const large = Buffer.from(progressive);
    large.writeUInt16BE(12_000, 7);
    large.writeUInt16BE(10_000, 9);
    expect(check(jpeg(large, 41))).not.toThrow();
    expect(check(jpeg(large, 42))).toThrow(
      'It has 42 scans of 10000 × 12000 pixels; scans of 5000 megapixels together are decoded.',
    );
  });
});
