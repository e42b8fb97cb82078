import { Readable } from 'node:stream';
import { crc32, deflateRawSync, deflateSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { checkGrayscalePng } from './check-grayscale-png.js';
import {
  chunk,
  headerData,
  type HeaderFields,
  imageChunks,
  inPieces,
  type Parts,
  png,
  scanlines,
  SIGNATURE,
  verdictOf,
  zeros,
} from './png.fixture.js';

const BROKEN = 'INVALID_ARGUMENT';
const OTHER_FORMAT = 'UNSUPPORTED_MEDIA_TYPE';
const image = deflateSync(scanlines());
const idat = chunk('IDAT', image);
const half = Math.floor(image.length / 2);
const inflating = (data: Uint8Array): Parts => ({ image: [chunk('IDAT', deflateSync(data))] });
const compressed = (data: Uint8Array): Parts => ({ image: [chunk('IDAT', data)] });
const changed = (bytes: Buffer, at: number, value: number) => {
  const copy = Buffer.from(bytes);
  copy[at < 0 ? copy.length + at : at] = value;
  return copy;
};
/** A header whose checksum is wrong by one bit. */
const badHeader = (fields: HeaderFields = {}) => {
  const data = headerData(fields);
  return chunk('IHDR', data, (crc32(Buffer.concat([Buffer.from('IHDR'), data])) ^ 1) >>> 0);
};
/** The first 8 bytes of a chunk whose length is a lie. */
const head = (length: number, type: string) => {
  const bytes = Buffer.alloc(8, type.padStart(8), 'latin1');
  bytes.writeUInt32BE(length);
  return bytes;
};

describe('taken', () => {
  const files: [string, Buffer][] = [
    ['a plain file', png()],
    ['one pixel', png({ width: 1, height: 1 })],
    ['interlaced', png({ width: 13, height: 11, interlace: 1 })],
    ['interlaced, with empty passes', png({ width: 1, height: 3, interlace: 1 })],
    ['image data in chunks of one byte', png({}, { image: imageChunks(image, 1) })],
    ['empty chunks of image data', png({}, { image: [chunk('IDAT'), idat, chunk('IDAT')] })],
    ['stored image data', png({}, { image: [chunk('IDAT', deflateSync(scanlines(), { level: 0 }))] })],
    ['a small window', png({}, { image: [chunk('IDAT', deflateSync(scanlines(), { windowBits: 9 }))] })],
    ['a transparent gray', png({}, { beforeImage: [chunk('tRNS', Buffer.from([0, 1]))] })],
    ['a transparent gray of a wrong length', png({}, { beforeImage: [chunk('tRNS', Buffer.from([1]))] })],
    ['a background and gamma', png({}, { beforeImage: [chunk('bKGD', Buffer.alloc(2)), chunk('gAMA')] })],
    ['text that is no zlib stream', png({}, { behindImage: [chunk('zTXt', Buffer.from('a\0\0nonsense'))] })],
    [
      'a private chunk, larger than the source gives at once',
      png({}, { behindImage: [chunk('prIv', zeros(2 ** 28))] }),
    ],
    ['an ancillary chunk with the reserved bit', png({}, { beforeImage: [chunk('abcd')] })],
  ];

  it.each(files)('%s', async (_, bytes) => {
    expect(await verdictOf(bytes)).toBe('accepted');
    expect(await verdictOf(inPieces(bytes, 64 * 1024))).toBe('accepted');
  });
});

describe('refused', () => {
  const files: [string, Buffer, string][] = [
    ['nothing', Buffer.alloc(0), `${BROKEN} empty`],
    ['a short text', Buffer.from('a'), `${OTHER_FORMAT} not_png`],
    ['a JPEG', Buffer.from('ffd8ffe000104a464946', 'hex'), `${OTHER_FORMAT} not_png`],
    ['a signature that lost a carriage return', Buffer.from('\x89PNG\n\x1a\n', 'latin1'), `${OTHER_FORMAT} not_png`],
    ['half a signature', SIGNATURE.subarray(0, 4), `${BROKEN} cut_short`],
    ['a signature alone', SIGNATURE, `${BROKEN} cut_short`],

    ['another chunk first', png({}, { header: chunk('gAMA') }), `${BROKEN} chunk_order`],
    ['image data first', png({}, { header: idat }), `${BROKEN} chunk_order`],
    ['a header of 12 bytes', png({}, { header: chunk('IHDR', Buffer.alloc(12)) }), `${BROKEN} header`],
    ['a header of 14 bytes', png({}, { header: chunk('IHDR', Buffer.alloc(14)) }), `${BROKEN} header`],
    ['a header with a wrong checksum', png({}, { header: badHeader() }), `${BROKEN} checksum`],
    ['an RGB header with a wrong checksum', png({}, { header: badHeader({ colorType: 2 }) }), `${BROKEN} checksum`],
    ['a second header', png({}, { beforeImage: [chunk('IHDR', headerData())] }), `${BROKEN} chunk_order`],

    ['no width', png({}, { header: chunk('IHDR', headerData({ width: 0 })) }), `${BROKEN} header`],
    ['no height', png({}, { header: chunk('IHDR', headerData({ height: 0 })) }), `${BROKEN} header`],
    ['too wide for PNG', png({}, { header: chunk('IHDR', headerData({ width: 2 ** 31 })) }), `${BROKEN} header`],
    ['too high for PNG', png({}, { header: chunk('IHDR', headerData({ height: 2 ** 31 })) }), `${BROKEN} header`],
    ['another compression', png({ compression: 1 }), `${BROKEN} header`],
    ['another filter method', png({ filter: 1 }), `${BROKEN} header`],
    ['another interlacing', png({ interlace: 2 }), `${BROKEN} header`],
    ['too many pixels', png({ width: 1001, height: 1 }), `${BROKEN} too_many_pixels`],

    ['a wrong checksum of image data', png({}, { image: [chunk('IDAT', image, 0)] }), `${BROKEN} checksum`],
    ['a wrong checksum of text', png({}, { beforeImage: [chunk('tEXt', image, 0)] }), `${BROKEN} checksum`],
    ['a wrong checksum of the end', png({}, { end: chunk('IEND', Buffer.alloc(0), 0) }), `${BROKEN} checksum`],
    ['a chunk longer than PNG allows', png({}, { beforeImage: [head(2 ** 31, 'tEXt')] }), `${BROKEN} chunk`],
    ['a chunk longer than the file', png({}, { beforeImage: [head(2 ** 31 - 1, 'tEXt')] }), `${BROKEN} cut_short`],
    ...['t\0Xt', '@ext', '[ext', '`ext', '{ext', 'tEX1', 't\xc5Xt'].map((type): [string, Buffer, string] => [
      `a chunk type ${JSON.stringify(type)}`,
      png({}, { beforeImage: [chunk(Buffer.from(type, 'latin1'))] }),
      `${BROKEN} chunk`,
    ]),
    ['an unknown critical chunk', png({}, { beforeImage: [chunk('ABCD')] }), `${BROKEN} chunk`],
    ['image data spelt otherwise', png({}, { beforeImage: [chunk('IDAt', image)] }), `${BROKEN} chunk`],
    ['a palette', png({}, { beforeImage: [chunk('PLTE', Buffer.alloc(3))] }), `${BROKEN} chunk`],
    ['a palette behind the image', png({}, { behindImage: [chunk('PLTE', Buffer.alloc(3))] }), `${BROKEN} chunk`],

    ['no image data', png({}, { image: [] }), `${BROKEN} image_data`],
    ['empty image data', png({}, { image: [chunk('IDAT')] }), `${BROKEN} image_data`],
    [
      'interrupted image data',
      png(
        {},
        { image: [...imageChunks(image.subarray(0, half)), chunk('tIME'), ...imageChunks(image.subarray(half))] },
      ),
      // Of the two faults, the end comes first: the stream is not whole where the other chunk begins.
      `${BROKEN} image_data`,
    ],
    ['image data in two places', png({}, { behindImage: [chunk('tIME'), idat] }), `${BROKEN} chunk_order`],
    [
      'an empty chunk of it in two places',
      png({}, { behindImage: [chunk('tIME'), chunk('IDAT')] }),
      `${BROKEN} chunk_order`,
    ],
    ['a byte less', png({}, inflating(scanlines().subarray(0, -1))), `${BROKEN} image_data`],
    ['a byte more', png({}, inflating(Buffer.concat([scanlines(), Buffer.alloc(1)]))), `${BROKEN} image_data`],
    ['a row less', png({}, inflating(scanlines({ height: 3 }))), `${BROKEN} image_data`],
    ['a row more', png({}, inflating(scanlines({ height: 5 }))), `${BROKEN} image_data`],
    ['no rows', png({}, inflating(Buffer.alloc(0))), `${BROKEN} image_data`],
    [
      'as many zeros as interlaced rows have',
      png({}, inflating(Buffer.alloc(scanlines({ interlace: 1 }).length))),
      `${BROKEN} image_data`,
    ],
    [
      'plain rows of zeros in an interlaced file',
      png({ interlace: 1 }, inflating(Buffer.alloc(scanlines().length))),
      `${BROKEN} image_data`,
    ],
    ['no zlib stream', png({}, compressed(scanlines())), `${BROKEN} image_data`],
    [
      'a deflate stream without a zlib header',
      png({}, compressed(deflateRawSync(scanlines()))),
      `${BROKEN} image_data`,
    ],
    [
      'a zlib stream with a dictionary',
      png({}, compressed(deflateSync(scanlines(), { dictionary: Buffer.from('abc') }))),
      `${BROKEN} image_data`,
    ],
    ['a wrong adler32', png({}, compressed(changed(image, -1, (image.at(-1) as number) ^ 1))), `${BROKEN} image_data`],
    ['no adler32', png({}, compressed(image.subarray(0, -4))), `${BROKEN} image_data`],
    ['half an adler32', png({}, compressed(image.subarray(0, -2))), `${BROKEN} image_data`],
    [
      'a byte behind the zlib stream',
      png({}, compressed(Buffer.concat([image, Buffer.alloc(1)]))),
      `${BROKEN} image_data`,
    ],
    ['a zlib stream twice', png({}, { image: [idat, idat] }), `${BROKEN} image_data`],
    ['a filter type 5', png({}, inflating(changed(scanlines(), 0, 5))), `${BROKEN} filter_type`],
    ['a filter type 5 in the last row', png({}, inflating(changed(scanlines(), -11, 5))), `${BROKEN} filter_type`],
    ['a filter type 255', png({}, inflating(changed(scanlines(), 11, 255))), `${BROKEN} filter_type`],
    [
      'a filter type 5 in the last pass',
      png({ interlace: 1 }, inflating(changed(scanlines({ interlace: 1 }), -11, 5))),
      `${BROKEN} filter_type`,
    ],

    ['no end', png({}, { end: Buffer.alloc(0) }), `${BROKEN} cut_short`],
    ['an end that is not empty', png({}, { end: chunk('IEND', Buffer.alloc(1)) }), `${BROKEN} chunk`],
    ['two ends', png({}, { end: Buffer.concat([chunk('IEND'), chunk('IEND')]) }), `${BROKEN} trailing_bytes`],
    ['a byte behind the end', Buffer.concat([png(), Buffer.alloc(1)]), `${BROKEN} trailing_bytes`],
    ['an archive behind the end', Buffer.concat([png(), Buffer.from('PK\x03\x04')]), `${BROKEN} trailing_bytes`],
  ];

  it.each(files)('%s', async (_, bytes, verdict) => {
    expect(await verdictOf(bytes)).toBe(verdict);
    expect(await verdictOf(inPieces(bytes, 1))).toBe(verdict);
  });

  it('every other depth and color type', async () => {
    for (const depth of [0, 1, 2, 3, 4, 8, 15, 16, 17, 32, 255]) {
      for (const colorType of [0, 1, 2, 3, 4, 5, 6, 7, 255]) {
        const verdict = depth === 16 && colorType === 0 ? 'accepted' : `${OTHER_FORMAT} pixel_format`;
        expect([depth, colorType, await verdictOf(png({ depth, colorType }))]).toEqual([depth, colorType, verdict]);
      }
    }
  });

  it('another format before it is measured', async () => {
    const header = chunk('IHDR', headerData({ width: 0, depth: 8, interlace: 9 }));
    expect(await verdictOf(png({}, { header }))).toBe(`${OTHER_FORMAT} pixel_format`);
  });

  it.each([{}, { interlace: 1 }])('every beginning of a file %j', async (fields) => {
    const whole = png(fields, { beforeImage: [chunk('tEXt', Buffer.from('a\0b'))], behindImage: [chunk('tIME')] });
    expect(await verdictOf(whole)).toBe('accepted');
    for (let length = 0; length < whole.length; length++) {
      const verdict = `${BROKEN} ${length === 0 ? 'empty' : 'cut_short'}`;
      expect([length, await verdictOf(whole.subarray(0, length))]).toEqual([length, verdict]);
    }
  });

  it('every bit that is another one', async () => {
    const whole = png({}, { beforeImage: [chunk('tEXt', Buffer.from('a\0b'))], image: imageChunks(image, half) });
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const at = bit >> 3;
      const verdict = await verdictOf(changed(whole, at, (whole[at] as number) ^ (1 << (bit & 7))));
      expect([at, verdict]).toEqual([at, expect.stringMatching(at < 8 ? /^UNSUPPORTED/ : /^INVALID/)]);
    }
  });

  it('with one sentence', async () => {
    const read = async () => {
      for await (const _ of checkGrayscalePng(inPieces(png()), { maxPixels: 19 }));
    };
    await expect(read()).rejects.toMatchObject({
      name: 'DomainError',
      code: BROKEN,
      message: 'The PNG has 5 × 4 pixels; at most 19 are accepted.',
      details: { reason: 'too_many_pixels' },
    });
  });

  it('by its header before anything else is read', async () => {
    const huge = headerData({ width: 60_000, height: 60_000 });
    let pulled = 0;
    const source = async function* () {
      for (const piece of [SIGNATURE, chunk('IHDR', huge), chunk('IDAT', zeros(2 ** 24))]) {
        pulled += 1;
        yield piece;
      }
    };
    expect(await verdictOf(source(), 64_000_000)).toBe(`${BROKEN} too_many_pixels`);
    expect(pulled).toBe(2);
  });
});

describe('passing on', () => {
  it('gives the very chunks of the source', async () => {
    const pieces: Uint8Array[] = [];
    for await (const piece of inPieces(png({ width: 30, height: 30 }), 3, 1, 500, 0, 7)) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(100);
    const source = async function* () {
      yield* pieces;
    };
    let index = 0;
    for await (const bytes of checkGrayscalePng(source(), { maxPixels: 900 })) expect(bytes).toBe(pieces[index++]);
    expect(index).toBe(pieces.length);
  });

  it('gives every chunk before it says that something is missing', async () => {
    const cut = png().subarray(0, -1);
    const passed: Uint8Array[] = [];
    const read = async () => {
      for await (const bytes of checkGrayscalePng(inPieces(cut, 10), { maxPixels: 900 })) passed.push(bytes);
    };
    await expect(read()).rejects.toThrow('The PNG is cut short.');
    expect(Buffer.concat(passed)).toEqual(cut);
  });

  it('takes a source that writes over its buffer', async () => {
    const whole = png({ width: 30, height: 30 });
    const source = async function* () {
      const buffer = Buffer.alloc(100);
      for (let at = 0; at < whole.length; at += 100) yield buffer.subarray(0, whole.copy(buffer, 0, at, at + 100));
    };
    expect(await verdictOf(source())).toBe('accepted');
  });

  it('lets the error of the source through', async () => {
    const gone = new Error('The client is gone.');
    const source = async function* () {
      yield png().subarray(0, 50);
      throw gone;
    };
    await expect(verdictOf(source())).rejects.toBe(gone);
  });

  it('gives an iterator back, and leaves a stream alive', async () => {
    let returned = false;
    const source = async function* () {
      try {
        yield Buffer.from('GIF89a');
        yield Buffer.alloc(10);
      } finally {
        returned = true;
      }
    };
    expect(await verdictOf(source())).toBe(`${OTHER_FORMAT} not_png`);
    expect(returned).toBe(true);
    const stream = Readable.from([Buffer.from('GIF89a'), Buffer.alloc(10)]);
    expect(await verdictOf(stream)).toBe(`${OTHER_FORMAT} not_png`);
    expect(stream.destroyed).toBe(false);
    stream.destroy();
  });
});
