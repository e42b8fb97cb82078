import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createRandom, type LookupTable } from '@pentaprism/domain';
import { analyseImage } from './analyse-image.js';
import { sharp } from './configured-sharp.js';
import { chunk, failureOf, photo, pixelsOf, pngClaiming } from './fixtures.fixture.js';
import { grayProfile, readPng, writePng16, type GrayPixels, type PngOptions } from './png.fixture.js';
import { renderRadiograph } from './render-radiograph.js';

const SENSOR = { gamma: 2.3, slope: 65_535, offset: 0, totalGrays: 4096 };
const { floor, min } = Math;

/** What is shown of a raw value of the sensor, in 8 bits. */
const shownOfSensor = (raw: number) => in8Bits(floor(65_535 * min(1, raw / 4095) ** 2.3 + 0.5));
const in8Bits = (value: number) => floor(value / 257 + 0.5);

/** Every value from 0 to `highest`, some twice, in an order that no filter foresees. Not a multiple of Adam7's 8. */
function shuffled(highest: number, width: number, height: number): GrayPixels {
  const random = createRandom('shuffled');
  const values = Uint16Array.from({ length: width * height }, (_, i) => i % (highest + 1));
  for (let i = values.length - 1; i > 0; i--) {
    const j = floor(random() * (i + 1));
    [values[i], values[j]] = [values[j] as number, values[i] as number];
  }
  return { width, height, values };
}

async function rendered(bytes: Uint8Array, lut: LookupTable | null): Promise<GrayPixels> {
  const { content } = await renderRadiograph(bytes, lut);
  const { bits, ...pixels } = readPng(content.bytes);
  expect(bits).toBe(8);
  return pixels;
}

/** First places where it is not so; a matcher would print all pixels. */
function differences(pixels: GrayPixels, raw: GrayPixels, shown: (value: number) => number): string[] {
  expect([pixels.width, pixels.height]).toEqual([raw.width, raw.height]);
  const found: string[] = [];
  for (let i = 0; i < raw.values.length && found.length < 5; i++) {
    const [value, got] = [raw.values[i] as number, pixels.values[i] as number];
    if (got !== shown(value)) found.push(`${value} became ${got}, not ${shown(value)}`);
  }
  return found;
}

const FORMS: [string, PngOptions][] = [
  ['in one pass', {}],
  ['interlaced', { interlaced: true }],
];

describe.each(FORMS)('a radiograph %s', (_form, options) => {
  it('is shown through its table', async () => {
    const raw = shuffled(4095, 67, 71);
    expect(differences(await rendered(writePng16(raw, options), SENSOR), raw, shownOfSensor)).toEqual([]);
  });

  it('without a table is shown as it is, each of 65,536 values', async () => {
    const raw = shuffled(65_535, 257, 259);
    expect(differences(await rendered(writePng16(raw, options), null), raw, in8Bits)).toEqual([]);
  });

  it('that is mapped already is shown as it is', async () => {
    const raw = shuffled(4095, 67, 71);
    for (let i = 0; i < 48; i++) raw.values[i * 99] = 4096 + i;
    expect(differences(await rendered(writePng16(raw, options), SENSOR), raw, in8Bits)).toEqual([]);
  });

  it('of a sensor with broken pixels is shown through its table, and they as white', async () => {
    const raw = shuffled(4095, 67, 71);
    for (let i = 0; i < 47; i++) raw.values[i * 99] = 4096 + 1000 * i;
    expect(differences(await rendered(writePng16(raw, options), SENSOR), raw, shownOfSensor)).toEqual([]);
  });

  it.each([
    [1, 1],
    [1, 9],
    [2, 3],
    [5, 1],
    [13, 8],
  ])('of %i × %i pixels', async (width, height) => {
    const raw = shuffled(4095, width, height);
    raw.values[0] = 4095;
    expect(differences(await rendered(writePng16(raw, options), SENSOR), raw, shownOfSensor)).toEqual([]);
  });
});

it('goes through the table in 16 bits, not in 8', async () => {
  // Dark values that one of 8 bits would throw together: a table of 0.25 as gamma shows each of them apart.
  const raw = { width: 8, height: 1, values: Uint16Array.from([0, 1, 2, 3, 5, 8, 13, 21]) };
  const pixels = await rendered(writePng16(raw), { gamma: 0.25 });
  // 255 * (raw / 65535) ** 0.25, by hand
  expect([...pixels.values]).toEqual([0, 16, 19, 21, 24, 27, 30, 34]);
});

describe('what a file says beside its pixels does not matter:', () => {
  const numbers = (...values: number[]) => Buffer.concat(values.map((value) => Buffer.from(hex(value), 'hex')));
  const hex = (value: number) => value.toString(16).padStart(8, '0');
  const profile = (bytes: Buffer) => Buffer.concat([Buffer.from('gray\0\0', 'latin1'), deflateSync(bytes)]);
  const chunks: Record<string, Buffer[]> = {
    'tRNS, a value that is transparent': [chunk('tRNS', Buffer.from([0x04, 0xd2]))],
    'gAMA 0.45': [chunk('gAMA', numbers(45_455))],
    'gAMA 1': [chunk('gAMA', numbers(100_000))],
    cHRM: [chunk('cHRM', numbers(31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000))],
    sRGB: [chunk('sRGB', Buffer.from([0])), chunk('gAMA', numbers(45_455))],
    'iCCP, gray': [chunk('iCCP', profile(grayProfile(1)))],
    'iCCP, nonsense': [chunk('iCCP', profile(Buffer.alloc(300)))],
    'sBIT 12': [chunk('sBIT', Buffer.from([12]))],
    'sBIT 20': [chunk('sBIT', Buffer.from([20]))],
    bKGD: [chunk('bKGD', Buffer.from([0x12, 0x34]))],
    pHYs: [chunk('pHYs', Buffer.concat([numbers(50_000, 25_000), Buffer.from([1])]))],
    'eXIf, turned': [chunk('eXIf', Buffer.from('49492a0008000000010012010300010000000600000000000000', 'hex'))],
    'texts and unknown things': [chunk('tEXt', Buffer.from('Comment\0ray')), chunk('dsIo', Buffer.alloc(40))],
    'a text with a wrong checksum': [Buffer.concat([chunk('tEXt', Buffer.from('a\0b')).subarray(0, -1), Buffer.of(0)])],
  };
  const raw = shuffled(4095, 67, 71);
  let plain: Buffer;
  beforeAll(async () => (plain = (await renderRadiograph(writePng16(raw), SENSOR)).content.bytes));

  it.each(Object.keys(chunks))('%s', async (name) => {
    for (const [, options] of FORMS) {
      const bytes = writePng16(raw, { ...options, chunks: chunks[name] as Buffer[] });
      const { content } = await renderRadiograph(bytes, SENSOR);
      expect(differences(readPng(content.bytes), raw, shownOfSensor)).toEqual([]);
      expect(content.bytes.equals(plain)).toBe(true);
    }
  });

  it('and libvips took the profile for one', async () => {
    const { icc } = await sharp(writePng16(raw, { chunks: chunks['iCCP, gray'] as Buffer[] })).metadata();
    expect(icc).toEqual(grayProfile(1));
  });
});

const SUITE = join(import.meta.dirname, '../../../../shared/data/pngsuite');
const hasSuite = existsSync(SUITE);
const suiteFiles = hasSuite ? readdirSync(SUITE).filter((name) => /0g16\.png$/.test(name)) : [];

(hasSuite ? describe : describe.skip)('PngSuite (skipped where ../shared/data/pngsuite is not there)', () => {
  it('has 13 grayscale files of 16 bits', () => {
    expect(suiteFiles).toHaveLength(13);
  });

  // The placeholder is for a suite that is not there: without any case, `each` fails.
  it.each(suiteFiles.length > 0 ? suiteFiles : ['none'])('%s', async (name) => {
    const bytes = readFileSync(join(SUITE, name));
    const raw = readPng(bytes);
    expect(differences(await rendered(bytes, null), raw, in8Bits)).toEqual([]);
    const bright = (value: number) => in8Bits(floor(60_000 * (value / 65_535) ** 0.6 + 2000.5));
    const table = { gamma: 0.6, slope: 60_000, offset: 2000 };
    expect(differences(await rendered(bytes, table), raw, bright)).toEqual([]);
  });
});

describe('the picture', () => {
  it('comes with the analysis of its own bytes', async () => {
    const raw = shuffled(4095, 300, 200);
    const { content, analysis } = await renderRadiograph(writePng16(raw), SENSOR);
    expect(content.mediaType).toBe('image/png');
    expect(analysis).toEqual(await analyseImage(content.bytes));
    expect(analysis).toMatchObject({ format: 'png', mediaType: 'image/png', width: 300, height: 200, pages: 1 });
    expect(analysis).toMatchObject({ colorSpace: 'b-w', channels: 1, bitDepth: 8, hasAlpha: false, orientation: 1 });
    expect(analysis.thumbnail).toMatchObject({ mediaType: 'image/jpeg', width: 256, height: 171 });
  });

  it('is the same every time', async () => {
    const bytes = writePng16(shuffled(4095, 300, 200));
    const [one, two] = [await renderRadiograph(bytes, SENSOR), await renderRadiograph(bytes, SENSOR)];
    expect(one.content.bytes.equals(two.content.bytes)).toBe(true);
  });

  it('of more than 50 megapixels is reduced', async () => {
    const [width, height] = [8200, 6200];
    const values = new Uint16Array(width * height);
    for (let y = 0; y < height; y++) values.fill(2000, y * width, y * width + width / 2);
    for (let y = 0; y < height; y++) values.fill(4000, y * width + width / 2, (y + 1) * width);
    const { content, analysis } = await renderRadiograph(writePng16({ width, height, values }), SENSOR);
    // 8200 * sqrt(50 / 50.84), and the same of 6200
    expect(analysis).toMatchObject({ width: 8131, height: 6148, bitDepth: 8, channels: 1 });
    const pixels = await sharp(content.bytes).toColourspace('b-w').raw().toBuffer();
    expect(pixels).toHaveLength(8131 * 6148);
    for (const row of [0, 3000, 6147]) {
      const [left, right] = [
        pixels.subarray(row * 8131, row * 8131 + 4060),
        pixels.subarray(row * 8131 + 4071, (row + 1) * 8131),
      ];
      expect(new Set(left)).toEqual(new Set([shownOfSensor(2000)]));
      expect(new Set(right)).toEqual(new Set([shownOfSensor(4000)]));
    }
  });
});

describe('what is refused', () => {
  const DAMAGED = { code: 'UNDECODABLE_IMAGE', message: 'The file is truncated or damaged.', reason: 'damaged' };
  const OTHER = {
    code: 'UNDECODABLE_IMAGE',
    message: 'It is not a grayscale PNG of 16 bits.',
    reason: 'unknown_format',
  };
  const small = shuffled(4095, 13, 9);

  it.each(FORMS)('one that is cut anywhere before the end of its pixels, %s', async (_form, options) => {
    const whole = writePng16(small, options);
    const end = whole.length - chunk('IEND').length;
    for (let length = 20; length < end; length += 7) {
      expect({ length, ...(await failureOf(renderRadiograph(whole.subarray(0, length), null))) }).toEqual({
        length,
        ...DAMAGED,
      });
    }
    expect(await failureOf(renderRadiograph(whole.subarray(0, end - 1), null))).toEqual(DAMAGED);
  });

  it.each(FORMS)('one with a bit that is wrong, %s', async (_form, options) => {
    const whole = writePng16(small, options);
    const from = whole.indexOf('IDAT');
    for (let at = from; at < whole.length - chunk('IEND').length; at += 5) {
      const wrong = Buffer.from(whole);
      wrong[at] = (wrong[at] as number) ^ 0x10;
      expect({ at, ...(await failureOf(renderRadiograph(wrong, null))) }).toEqual({ at, ...DAMAGED });
    }
  });

  it('another picture', async () => {
    const gray = pixelsOf(await photo('other', 40, 30)).toColourspace('b-w');
    const gray16 = sharp(writePng16(small)).pipelineColourspace('grey16');
    const others = {
      'gray, 8 bits': gray.clone().png(),
      JPEG: gray.clone().jpeg(),
      'gray and alpha, 16 bits': gray16.clone().ensureAlpha(0.5).toColourspace('grey16').png(),
      'RGB, 16 bits': gray16.clone().toColourspace('rgb16').png(),
      'a TIFF of 16 bits': gray16.clone().toColourspace('grey16').tiff(),
    };
    for (const [name, other] of Object.entries(others)) {
      expect({ name, ...(await failureOf(renderRadiograph(await other.toBuffer(), null))) }).toEqual({
        name,
        ...OTHER,
      });
    }
  });

  it('what is no picture', async () => {
    expect(await failureOf(renderRadiograph(Buffer.alloc(0), null))).toMatchObject({ reason: 'empty' });
    expect(await failureOf(renderRadiograph(Buffer.from('radiograph.png'), null))).toMatchObject({
      reason: 'unknown_format',
    });
  });

  it('more pixels than a radiograph has, by the header alone', async () => {
    expect(await failureOf(renderRadiograph(pngClaiming(8193, 8192), null))).toEqual({
      code: 'UNDECODABLE_IMAGE',
      message: 'It claims 8193 × 8192 pixels; at most 67 megapixels are decoded.',
      reason: 'too_many_pixels',
    });
    // Of that size it may be, but it is RGB.
    expect(await failureOf(renderRadiograph(pngClaiming(8192, 8192), null))).toEqual(OTHER);
  });
});
