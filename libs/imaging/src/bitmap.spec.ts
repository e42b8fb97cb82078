import { describe, expect, it } from '@jest/globals';
import { createRandom } from '@pentaprism/domain';
import fc from 'fast-check';
import { analyseImage } from './analyse-image.js';
import { augmentImages } from './augment-image.js';
import {
  MASKS_4444,
  MASKS_555,
  MASKS_565,
  MASKS_8888,
  MASKS_RGBX,
  writeBitmap,
  type BitmapKind,
} from './bitmap.fixture.js';
import { decodeBitmap } from './bitmap.js';
import { sharp } from './configured-sharp.js';
import { failureOf } from './fixtures.fixture.js';
import { readImageHeader } from './image-header.js';
import { MAX_BITMAP_PIXELS, MAX_SIDE } from './limits.js';
import { createModelInput } from './model-input.js';

const SIZES = [
  [1, 1],
  [13, 7],
  [32, 5],
  [3, 40],
] as const;

const KINDS: readonly [name: string, kind: Omit<BitmapKind, 'width' | 'height'>][] = [
  ['1 bit', { bits: 1 }],
  ['4 bits', { bits: 4 }],
  ['8 bits', { bits: 8 }],
  ['8 bits, top-down', { bits: 8, topDown: true }],
  ['8 bits, packed', { bits: 8, rle: true }],
  ['4 bits, packed', { bits: 4, rle: true }],
  ['16 bits', { bits: 16 }],
  ['16 bits, masks of 5, 6, 5', { bits: 16, masks: MASKS_565 }],
  ['16 bits, masks of 5, 5, 5, top-down', { bits: 16, masks: MASKS_555, topDown: true }],
  ['16 bits, masks of 4, 4, 4, 4', { bits: 16, masks: MASKS_4444, header: 108 }],
  ['24 bits', { bits: 24 }],
  ['24 bits, top-down', { bits: 24, topDown: true }],
  ['24 bits, with a gap before the pixels', { bits: 24, gap: 10 }],
  ['32 bits', { bits: 32 }],
  ['32 bits, masks', { bits: 32, masks: MASKS_RGBX }],
  ['32 bits, masks in a longer header', { bits: 32, masks: MASKS_RGBX, header: 52 }],
  ['32 bits, alpha, version 3', { bits: 32, masks: MASKS_8888, header: 56 }],
  ['32 bits, alpha, version 4', { bits: 32, masks: MASKS_8888, header: 108 }],
  ['32 bits, alpha, version 5', { bits: 32, masks: MASKS_8888, header: 124, topDown: true }],
  ['32 bits, no masks, version 5', { bits: 32, header: 124 }],
  ['OS/2, 1 bit', { bits: 1, header: 12 }],
  ['OS/2, 8 bits', { bits: 8, header: 12 }],
  ['OS/2, 24 bits', { bits: 24, header: 12 }],
  ['OS/2 version 2, 8 bits', { bits: 8, header: 64 }],
  ['OS/2 version 2, 4 bits, packed', { bits: 4, rle: true, header: 64 }],
  ['OS/2 version 2, 24 bits, with a gap', { bits: 24, header: 64, gap: 5 }],
];

const small = (more: Partial<BitmapKind> = {}) =>
  writeBitmap({ width: 13, height: 7, bits: 24, ...more }, createRandom('small')).bytes;
const withAlpha = (pixels: Uint8Array) => pixels.filter((_, i) => i % 4 === 3).some((alpha) => alpha !== 255);

/** R, G, B and alpha of what comes out. */
async function decoded(bytes: Uint8Array): Promise<Uint8Array> {
  await readImageHeader(bytes);
  const { data, channels } = await decodeBitmap(bytes);
  if (channels === 4) return data;
  const opaque = new Uint8Array((data.length / 3) * 4).fill(255);
  data.forEach((value, i) => (opaque[Math.floor(i / 3) * 4 + (i % 3)] = value));
  return opaque;
}

/** A small file with a number in its header changed. */
function changed(at: number, value: number, size: 2 | 4 = 4, more: Partial<BitmapKind> = {}): Buffer {
  const bytes = small(more);
  bytes.writeUIntLE(value >>> 0, at, size);
  return bytes;
}

describe('a BMP', () => {
  it.each(KINDS)('with %s is decoded pixel by pixel', async (_name, kind) => {
    for (const [width, height] of SIZES) {
      const { bytes, rgba } = writeBitmap({ ...kind, width, height }, createRandom(`${width}`));
      expect(await readImageHeader(bytes)).toMatchObject({ format: 'bmp', mediaType: 'image/bmp', width, height });
      expect(Buffer.compare(await decoded(bytes), rgba)).toBe(0);
    }
  });

  it('is analysed, reduced and shown like any other image', async () => {
    const { bytes, rgba } = writeBitmap({ width: 1100, height: 300, bits: 24 }, createRandom('photo'));
    const png = await sharp(rgba, { raw: { width: 1100, height: 300, channels: 4 } })
      .removeAlpha()
      .png()
      .toBuffer();
    const [analysis, expected] = [await analyseImage(bytes), await analyseImage(png)];
    expect(analysis).toEqual({ ...expected, format: 'bmp', mediaType: 'image/bmp' });
    expect(analysis).toMatchObject({ colorSpace: 'srgb', channels: 3, bitDepth: 8, hasAlpha: false, orientation: 1 });
    const options = { transformations: [], probability: 0, seeds: ['a'] };
    expect(await augmentImages(bytes, options)).toEqual(await augmentImages(png, options));
    const size = { width: 64, height: 64, resized: { maxSide: 512, quality: 80 } };
    expect(await createModelInput(bytes, size)).toEqual(await createModelInput(png, size));
  });

  it('keeps its alpha channel where it says that it has one', async () => {
    const { bytes, rgba } = writeBitmap(
      { width: 50, height: 40, bits: 32, masks: MASKS_8888, header: 108 },
      createRandom('alpha'),
    );
    expect(withAlpha(rgba)).toBe(true);
    const analysis = await analyseImage(bytes);
    expect(analysis).toMatchObject({ hasAlpha: true, channels: 4, thumbnail: { mediaType: 'image/webp' } });
    expect((await augmentImages(bytes, { transformations: [], probability: 0, seeds: ['a'] }))[0]?.mediaType).toBe(
      'image/png',
    );
  });

  it('is opaque where alpha is zero everywhere', async () => {
    const kind = { width: 20, height: 10, bits: 32, masks: MASKS_8888, header: 124 } as const;
    const { bytes } = writeBitmap(kind, createRandom('unseen'));
    const pixels = bytes.readUInt32LE(10);
    for (let at = pixels + 3; at < bytes.length; at += 4) bytes[at] = 0;
    const analysis = await analyseImage(bytes);
    expect(analysis).toMatchObject({ hasAlpha: false, thumbnail: { mediaType: 'image/jpeg' } });
    bytes[pixels + 3] = 1;
    expect(await analyseImage(bytes)).toMatchObject({ hasAlpha: true });
  });
});

describe('a header', () => {
  it.each([
    ['more pixels than are decoded', changed(18, Math.ceil(MAX_BITMAP_PIXELS / 7) + 1)],
    ['the most that can be claimed', changed(18, 0x7fffffff)],
    ['a side that is too long', changed(18, MAX_SIDE + 1, 4, { height: 1 })],
    ['as much top-down', changed(22, -0x7fffffff)],
    ['the height that has no opposite', changed(22, -0x80000000)],
  ])('that claims %s is refused for it', async (_what, bytes) => {
    expect(await failureOf(readImageHeader(bytes))).toMatchObject({
      code: 'UNDECODABLE_IMAGE',
      reason: 'too_many_pixels',
    });
  });

  it.each([
    ['no width', changed(18, 0)],
    ['a negative width', changed(18, -13)],
    ['no height', changed(22, 0)],
    ['two planes', changed(26, 2, 2)],
    ['pixels in the header', changed(10, 53)],
    ['pixels in the masks', changed(10, 54, 4, { bits: 16, masks: MASKS_565 })],
    ['pixels at its beginning', changed(10, 0)],
    ['pixels behind its end', changed(10, 100_000)],
    ['packed rows from the top', changed(22, -7, 4, { bits: 8, rle: true })],
    ['one row more than it has', changed(22, 8)],
  ])('with %s is damaged', async (_what, bytes) => {
    expect(await failureOf(readImageHeader(bytes))).toMatchObject({ code: 'UNDECODABLE_IMAGE', reason: 'damaged' });
  });

  it.each([
    ['a length that nothing has', changed(14, 16)],
    ['3 bits', changed(28, 3, 2)],
    ['16 bits in OS/2', changed(24, 16, 2, { header: 12 })],
    ['a JPEG inside', changed(30, 4)],
    ['masks in OS/2', changed(30, 3, 4, { bits: 32, header: 64 })],
    ['a PNG inside', changed(30, 5)],
    ['packed pixels of 24 bits', changed(30, 1)],
    ['masks for 24 bits', changed(30, 3)],
  ])('with %s is of an unknown kind', async (_what, bytes) => {
    expect(await failureOf(readImageHeader(bytes))).toMatchObject({
      code: 'UNDECODABLE_IMAGE',
      reason: 'unknown_format',
    });
  });

  it('is told from a file of another kind that is called so', async () => {
    expect(await failureOf(readImageHeader(Buffer.from('BM'.padEnd(60, 'x'))))).toMatchObject({
      reason: 'unknown_format',
    });
  });
});

describe('a broken BMP', () => {
  const FULL = [small({ bits: 8, rle: true }), small({ bits: 1 }), small({ bits: 32, header: 124, masks: MASKS_8888 })];

  it('that is cut anywhere in its headers is refused', async () => {
    for (const whole of FULL) {
      for (let end = 1; end < whole.readUInt32LE(10); end++)
        expect(await failureOf(analyseImage(whole.subarray(0, end)))).toMatchObject({ code: 'UNDECODABLE_IMAGE' });
    }
  });

  it('that is cut anywhere in its pixels is refused, or shows what is left of packed ones', async () => {
    for (const whole of FULL) {
      const dataAt = whole.readUInt32LE(10);
      for (let end = dataAt; end < whole.length; end += Math.ceil((whole.length - dataAt) / 12))
        await expectPictureOrRefusal(whole.subarray(0, end));
    }
  });

  it('is a picture or is refused, whatever its bytes', async () => {
    const any = fc.record({
      whole: fc.constantFrom(...FULL),
      changes: fc.array(fc.tuple(fc.nat(160), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      tail: fc.uint8Array({ maxLength: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(any, async ({ whole, changes, tail }) => {
        const bytes = Buffer.concat([whole, tail]);
        for (const [at, value] of changes) bytes[2 + (at % (bytes.length - 2))] = value;
        await expectPictureOrRefusal(bytes);
      }),
      { numRuns: 150 },
    );
  });
});

async function expectPictureOrRefusal(bytes: Uint8Array): Promise<void> {
  const outcome = await analyseImage(bytes).catch((error: unknown) => error);
  if (outcome instanceof Error || (outcome as { code?: unknown }).code !== undefined)
    expect(outcome).toMatchObject({ name: 'DomainError', code: 'UNDECODABLE_IMAGE' });
  else expect(outcome).toMatchObject({ format: 'bmp', thumbnail: { width: expect.any(Number) } });
}
