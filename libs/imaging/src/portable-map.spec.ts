import { describe, expect, it } from '@jest/globals';
import { createRandom } from '@pentaprism/domain';
import fc from 'fast-check';
import { analyseImage } from './analyse-image.js';
import { augmentImages } from './augment-image.js';
import { failureOf, photo, pixelsOf } from './fixtures.fixture.js';
import { readImageHeader } from './image-header.js';
import { MAX_PIXELS, MAX_SIDE } from './limits.js';
import { createModelInput } from './model-input.js';
import { decodePortableMap } from './portable-map.js';

type Kind = 'P2' | 'P3' | 'P5' | 'P6';

const isGray = (kind: Kind) => kind === 'P2' || kind === 'P5';
const isText = (kind: Kind) => kind === 'P2' || kind === 'P3';
const file = (head: string, data: Uint8Array | readonly number[] = []) =>
  Buffer.concat([Buffer.from(head, 'latin1'), Uint8Array.from(data)]);

/** The samples as the kind stores them. */
function raster(kind: Kind, maxValue: number, samples: readonly number[]): Buffer {
  if (isText(kind)) return Buffer.from(samples.join(' '));
  if (maxValue < 256) return Buffer.from(samples);
  return Buffer.from(samples.flatMap((sample) => [sample >> 8, sample & 255]));
}

function write(kind: Kind, [width, height]: readonly [number, number], maxValue: number, samples: readonly number[]) {
  return file(`${kind}\n${width} ${height}\n${maxValue}\n`, raster(kind, maxValue, samples));
}

const KINDS = ['P2', 'P3', 'P5', 'P6'] as const;
const decoded = async (bytes: Uint8Array): Promise<number[]> => {
  await readImageHeader(bytes);
  return [...decodePortableMap(bytes).data];
};

describe('a PPM or PGM', () => {
  it.each(KINDS.flatMap((kind) => [1, 15, 255, 256, 1023, 65_535].map((maxValue) => [kind, maxValue] as const)))(
    'of kind %s with samples up to %i is decoded sample by sample',
    async (kind, maxValue) => {
      const random = createRandom(`${kind}${maxValue}`);
      const channels = isGray(kind) ? 1 : 3;
      const samples = Array.from({ length: 13 * 7 * channels }, () => Math.floor(random() * (maxValue + 1)));
      samples[0] = maxValue;
      samples[1] = 0;
      const bytes = write(kind, [13, 7], maxValue, samples);
      expect(await readImageHeader(bytes)).toMatchObject({
        format: isGray(kind) ? 'pgm' : 'ppm',
        mediaType: isGray(kind) ? 'image/x-portable-graymap' : 'image/x-portable-pixmap',
        width: 13,
        height: 7,
        pages: 1,
      });
      const data = await decoded(bytes);
      expect(data).toHaveLength(samples.length);
      samples.forEach((sample, i) =>
        expect(Math.abs((data[i] as number) - (255 * sample) / maxValue)).toBeLessThan(0.51),
      );
    },
  );

  it('that uses a small part of 16 bits is shown from black to white, as other files are', async () => {
    const samples = Array.from({ length: 64 }, (_, i) => 1000 + i * 65);
    const data = await decoded(write('P5', [8, 8], 65_535, samples));
    expect([data[0], data[63]]).toEqual([0, 255]);
  });

  it.each([
    ['comments', 'P6# made\n#by a test\r2 # width\n1#height\n255\n'],
    ['a comment behind the last number', 'P6 2 1 255#the end\n'],
    ['other blanks', 'P6\t2\v1\f255\r'],
    ['zeros before its numbers', 'P6 002 01 0255 '],
  ])('may have %s in its header', async (_what, head) => {
    expect(await decoded(file(head, [35, 10, 3, 4, 5, 6]))).toEqual([35, 10, 3, 4, 5, 6]);
  });

  it('has samples from the first byte behind its header, even if they look like blanks', async () => {
    expect(await decoded(file('P5 2 2 255 ', [10, 32, 13, 9]))).toEqual([10, 32, 13, 9]);
  });

  it('in text may have comments and any blanks between its samples, and greater ones are white', async () => {
    expect(await decoded(file('P2 3 1 100\n\n 0#black\n\t50\r\n9999999999999 '))).toEqual([0, 128, 255]);
  });

  it('may be followed by other bytes', async () => {
    expect(await decoded(file('P5 1 1 255 ', [7, 80, 53, 10]))).toEqual([7]);
    expect(await decoded(file('P2 1 1 255 7 P2 and more'))).toEqual([7]);
  });

  it('is analysed, reduced and shown as a PNG of the same pixels, and always has a picture to look at', async () => {
    const image = await photo('pixmap', 300, 200);
    const bytes = file('P6 300 200 255\n', image.data);
    const png = await pixelsOf(image).png().toBuffer();
    const [analysis, expected] = [await analyseImage(bytes), await analyseImage(png)];
    expect(analysis).toMatchObject({
      ...{ format: 'ppm', mediaType: 'image/x-portable-pixmap', width: 300, height: 200, orientation: 1 },
      ...{ colorSpace: 'srgb', channels: 3, bitDepth: 8, hasAlpha: false, perceptualHash: expected.perceptualHash },
    });
    expect(analysis.resized).toMatchObject({ width: 300, height: 200, mediaType: 'image/jpeg' });
    const size = { width: 64, height: 64, resized: { maxSide: 512, quality: 80 } };
    expect(await createModelInput(bytes, size)).toEqual(await createModelInput(png, size));
    const options = { transformations: [], probability: 0, seeds: ['a'] };
    expect(await augmentImages(bytes, options)).toEqual(await augmentImages(png, options));
  });

  it('of gray is shown in gray', async () => {
    const bytes = write(
      'P5',
      [40, 30],
      65_535,
      Array.from({ length: 1200 }, (_, i) => i * 50),
    );
    const analysis = await analyseImage(bytes);
    expect(analysis).toMatchObject({ format: 'pgm', colorSpace: 'grey16', channels: 1, bitDepth: 16 });
    expect(analysis.thumbnail).toMatchObject({ width: 40, height: 30 });
  });
});

describe('a header of a PPM', () => {
  it.each([
    ['more pixels than are decoded', `P6 10000 ${MAX_PIXELS / 10_000 + 1} 255 `],
    ['as many in text', `P3 10000 ${MAX_PIXELS / 10_000 + 1} 65535 `],
    ['a side that is too long', `P5 ${MAX_SIDE + 1} 1 255 `],
    ['the most that can be written', 'P6 9999999999 9999999999 1 '],
  ])('that claims %s is refused for it', async (_what, head) => {
    expect(await failureOf(readImageHeader(file(head)))).toMatchObject({ reason: 'too_many_pixels' });
  });

  it.each([
    ['no width', 'P6 0 1 255 '],
    ['no height', 'P6 1 0 255 '],
    ['no samples but zero', 'P6 1 1 0 '],
    ['samples of more than 16 bits', 'P6 1 1 65536 '],
    ['a number that is too long', 'P6 12345678901 1 1 '],
    ['no end', 'P6 1'],
    ['an endless comment', 'P6 #'.padEnd(1000, 'x')],
    ['a letter behind a long comment', `P6 #${'x'.repeat(100)}\nx`],
  ])('with %s is damaged', async (_what, head) => {
    const bytes = file(head, head.length < 32 && head !== 'P6 1' ? [1, 2, 3, 4, 5, 6] : []);
    expect(await failureOf(readImageHeader(bytes))).toMatchObject({ code: 'UNDECODABLE_IMAGE', reason: 'damaged' });
  });

  it.each(['P1\n2 2\n1 0 0 1', 'P4\n8 1\n\xff', 'P7\nWIDTH 1\n'])(
    'of another kind (%j) is refused by its name',
    async (text) => {
      expect(await failureOf(readImageHeader(file(text)))).toMatchObject({
        reason: 'unsupported',
        message: expect.stringMatching(/^It is a P[BA]M file/),
      });
    },
  );
});

describe('a PPM that is cut off', () => {
  it.each(KINDS.flatMap((kind) => [255, 65_535].map((maxValue) => [kind, maxValue] as const)))(
    'of kind %s with samples up to %i is refused, with how far it goes',
    async (kind, maxValue) => {
      const samples = Array.from({ length: 10 * 10 * (isGray(kind) ? 1 : 3) }, () => maxValue);
      const whole = write(kind, [10, 10], maxValue, samples);
      const dataAt = whole.length - raster(kind, maxValue, samples).length;
      const end = dataAt + Math.ceil((whole.length - dataAt) * 0.41);
      expect(await failureOf(analyseImage(whole.subarray(0, end)))).toEqual({
        code: 'UNDECODABLE_IMAGE',
        reason: 'cut_off',
        message: 'The file is cut off (ends after 41 %).',
      });
      expect(await failureOf(analyseImage(whole.subarray(0, dataAt)))).toMatchObject({
        message: 'The file is cut off (ends after 0 %).',
      });
      expect(await analyseImage(whole)).toMatchObject({ width: 10 });
    },
  );

  it('costs next to nothing, whatever it claims', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const failure = await failureOf(analyseImage(file(`P3 10000 ${MAX_PIXELS / 10_000} 65535 1 2 3`)));
    expect(failure).toMatchObject({ reason: 'cut_off' });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
  });

  it('or changed anywhere is a picture or is refused', async () => {
    const wholes = KINDS.map((kind) => write(kind, [9, 5], kind === 'P6' ? 300 : 200, Array(9 * 5 * 3).fill(77)));
    const any = fc.record({
      whole: fc.constantFrom(...wholes),
      changes: fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { minLength: 1, maxLength: 5 }),
      end: fc.nat(400),
    });
    await fc.assert(
      fc.asyncProperty(any, async ({ whole, changes, end }) => {
        const bytes = Buffer.from(whole.subarray(0, 3 + end));
        for (const [at, value] of changes) bytes[2 + (at % (bytes.length - 2))] = value;
        const outcome = await analyseImage(bytes).catch((error: unknown) => error);
        if ('thumbnail' in (outcome as object)) expect(outcome).toMatchObject({ width: expect.any(Number) });
        else expect(outcome).toMatchObject({ name: 'DomainError', code: 'UNDECODABLE_IMAGE' });
      }),
      { numRuns: 300 },
    );
  });
});
