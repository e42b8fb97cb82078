import { describe, expect, it } from '@jest/globals';
import { analyseImage } from './analyse-image.js';
import { augmentImages } from './augment-image.js';
import { sharp } from './configured-sharp.js';
import { failureOf } from './fixtures.fixture.js';
import { createModelInput } from './model-input.js';
import { writeTiff, type TiffPicture } from './tiff.fixture.js';

const [WIDTH, HEIGHT] = [64, 32];
/** Where the ramp is looked at, and what it has to be there, of 255. */
const PLACES = [0, 16, 32, 48, 63] as const;
const share = (x: number) => x / (WIDTH - 1);
/** A ramp in the first band, its opposite in the second, rows in the third; constant ones in the others. */
const color = (x: number, y: number, band: number) =>
  [share(x), 1 - share(x), y / (HEIGHT - 1), 0.5, 0.1][Math.min(band, 4)] as number;

type Options = Partial<TiffPicture> & { readonly low?: number; readonly high?: number };

/** The colors as numbers from `low` to `high`. */
function tiff({ low = 0, high, ...options }: Options): Buffer {
  const { bits = 8, format = 1, bands = 1 } = options;
  const most = high ?? (format === 3 ? 1 : format === 2 ? 2 ** (bits - 1) - 1 : 2 ** bits - 1);
  const least = format === 2 && high === undefined ? -(2 ** (bits - 1)) : low;
  const number = (value: number) =>
    format === 3 ? least + value * (most - least) : Math.round(least + value * (most - least));
  const at = (x: number, y: number, band: number) => number(color(x, y, band));
  const photometric = bands >= 3 ? 2 : 1;
  return writeTiff({ width: WIDTH, height: HEIGHT, bands, bits, photometric, at, ...options });
}

async function thumbnail(bytes: Buffer) {
  const analysis = await analyseImage(bytes);
  const { data, info } = await sharp(analysis.thumbnail.bytes).raw().toBuffer({ resolveWithObject: true });
  const pixel = (x: number, y = 16) => [
    ...data.subarray((y * info.width + x) * info.channels).subarray(0, info.channels),
  ];
  return { analysis, pixel, channels: info.channels };
}

async function expectRamp(bytes: Buffer, inverted = false): Promise<void> {
  const { pixel } = await thumbnail(bytes);
  for (const x of PLACES) {
    const wanted = 255 * (inverted ? 1 - share(x) : share(x));
    expect(Math.abs((pixel(x)[0] as number) - wanted)).toBeLessThanOrEqual(6);
  }
}

async function expectColors(bytes: Buffer): Promise<void> {
  const { pixel, channels, analysis } = await thumbnail(bytes);
  expect([channels, analysis.hasAlpha]).toEqual([3, false]);
  for (const x of PLACES)
    for (const [band, value] of pixel(x).entries())
      expect(Math.abs(value - 255 * color(x, 16, band))).toBeLessThanOrEqual(8);
}

describe('a ramp from black to white', () => {
  const kinds: readonly (readonly [string, Options])[] = [
    ...[1, 2, 4, 8, 10, 12, 14, 16, 32].map((bits) => [`${bits} bits`, { bits }] as const),
    ...[8, 16, 32].map((bits) => [`${bits} bits, signed`, { bits, format: 2 }] as const),
    ...[16, 32, 64].map((bits) => [`${bits} bits, floating point`, { bits, format: 3 }] as const),
    ...[10, 12, 14].map((used) => [`${used} of 16 bits`, { bits: 16, high: 2 ** used - 1 }] as const),
    ['a small part of 32 bits', { bits: 32, low: 1_000_000, high: 1_005_000 }],
    ['Hounsfield units', { bits: 16, format: 2, low: -1000, high: 3000 }],
    ['elevations', { bits: 32, format: 3, low: -12.5, high: 2801 }],
    ['8 bits, of which few are used, as they are', { bits: 8, format: undefined }],
  ];

  it.each(kinds.filter(([, { bits }]) => bits !== 1))('of %s is that ramp', async (_name, options) => {
    const steps = options.bits === 2 || options.bits === 4;
    if (steps) {
      const { pixel } = await thumbnail(tiff(options));
      expect([pixel(0)[0], pixel(63)[0]]).toEqual([0, 255]);
      return;
    }
    await expectRamp(tiff(options));
  });

  it.each(kinds.filter(([, { bits }]) => (bits ?? 8) > 4))(
    'of %s is inverted where white is zero',
    async (_name, options) => {
      await expectRamp(tiff({ ...options, photometric: 0 }), true);
    },
  );

  it.each([
    [{ bits: 16, format: 2 }, 2],
    [{ bits: 32, format: 1 }, 2],
    [{ bits: 8, format: 2 }, 2],
  ] as const)('of %j is that ramp where differences are stored', async (options, predictor) => {
    await expectRamp(tiff({ ...options, predictor, compression: 8 }));
  });

  it.each([16, 32, 64])('of %i-bit numbers is that ramp in the other byte order', async (bits) => {
    const format = bits === 64 ? 3 : 2;
    await expectRamp(tiff({ bits, format, isBigEndian: true }));
    await expectRamp(tiff({ bits, format, isBigEndian: true, compression: 8, rowsPerStrip: 5 }));
  });

  it.each([1, 2, 4, 8])('of 1 bit or %i bits keeps black and white', async (bits) => {
    const { pixel } = await thumbnail(tiff({ bits }));
    expect([pixel(0)[0], pixel(63)[0]]).toEqual([0, 255]);
  });
});

describe('numbers without a range', () => {
  const ramp = (x: number) => share(x) * 1000;

  it.each([16, 32, 64])('NaN of %i bits is black, infinity the nearest end', async (bits) => {
    const at = (x: number, y: number) => (y < 8 ? NaN : y < 16 ? Infinity : y < 24 ? -Infinity : ramp(x));
    const { pixel } = await thumbnail(tiff({ bits, format: 3, at }));
    expect([pixel(32, 4)[0], pixel(32, 12)[0], pixel(32, 20)[0]].map((v) => Math.round((v as number) / 16))).toEqual([
      0, 16, 0,
    ]);
    expect(Math.abs((pixel(32, 28)[0] as number) - 130)).toBeLessThanOrEqual(6);
  });

  it.each([
    ['-9999', { bits: 32, format: 3 }, -9999],
    ['1e20', { bits: 64, format: 3 }, 1e20],
    ['-3.4028234663852886e+38', { bits: 32, format: 3 }, -3.4028234663852886e38],
    ['65535', { bits: 16, format: 1 }, 65_535],
    ['-32768', { bits: 16, format: 2 }, -32_768],
  ] as const)(
    '%s, where the file says that it stands for none, is black and not part of the range',
    async (text, kind, none) => {
      const at = (x: number, y: number) => (y < 8 ? none : Math.round(ramp(x)));
      const { pixel } = await thumbnail(tiff({ ...kind, at, more: [[42_113, text]] }));
      expect(pixel(32, 3)[0]).toBeLessThanOrEqual(3);
      for (const x of PLACES) expect(Math.abs((pixel(x, 20)[0] as number) - 255 * share(x))).toBeLessThanOrEqual(6);
    },
  );

  it.each([
    [{ bits: 32, format: 3 }, 7.5, 0],
    [{ bits: 32, format: 3 }, NaN, 0],
    [{ bits: 64, format: 3 }, -Infinity, 0],
    [{ bits: 16, format: 1 }, 0x8080, 128],
    [{ bits: 32, format: 1 }, 0xffff_ffff, 255],
    [{ bits: 16, format: 2 }, 0, 128],
  ] as const)('%j that are all %d are one color', async (kind, value, wanted) => {
    const { pixel } = await thumbnail(tiff({ ...kind, at: () => value }));
    expect(pixel(5, 5)).toEqual([wanted, wanted, wanted]);
  });
});

describe('bands', () => {
  const kinds = [{ bits: 8 }, { bits: 16 }, { bits: 32 }, { bits: 16, format: 2 }, { bits: 32, format: 3 }];
  const counts = [3, 4, 5, 6, 13].flatMap((bands) => kinds.map((kind) => ({ bands, ...kind })));

  it.each(counts)('of %j are those of its colors, however they are stored', async (kind) => {
    const extraSamples = Array<number>(kind.bands - 3).fill(0);
    await expectColors(tiff({ ...kind, extraSamples }));
    await expectColors(tiff({ ...kind, extraSamples, isPlanar: true }));
    await expectColors(tiff({ ...kind, isPlanar: true, compression: 8, rowsPerStrip: 7 }));
    await expectColors(tiff({ ...kind, isBigEndian: true, compression: 8, rowsPerStrip: 7 }));
  });

  it.each([2, 3, 4, 5, 9])('of %i gray values that nothing is said of are the first', async (bands) => {
    for (const kind of kinds)
      await expectRamp(tiff({ ...kind, bands, photometric: 1, extraSamples: Array<number>(bands - 1).fill(0) }));
  });

  it.each([
    ['colors and alpha', { bands: 4, extraSamples: [2] }],
    ['colors, alpha and another', { bands: 5, extraSamples: [2, 0] }],
    ['gray and alpha', { bands: 2, photometric: 1, extraSamples: [2] }],
    ['gray, another and alpha', { bands: 3, photometric: 1, extraSamples: [0, 2] }],
  ] as const)('of %s are transparent where the file says so', async (_name, options) => {
    for (const bits of [8, 16]) {
      const alphaBand = options.bands - options.extraSamples.length + options.extraSamples.indexOf(2 as never);
      const at = (x: number, y: number, band: number) =>
        Math.round((band === alphaBand ? 0.5 : color(x, y, band)) * (2 ** bits - 1));
      const { pixel, analysis } = await thumbnail(tiff({ ...options, bits, at }));
      expect(analysis).toMatchObject({ hasAlpha: true, channels: options.bands });
      const [red, , , alpha] = pixel(48) as [number, number, number, number];
      expect(Math.abs(alpha - 128)).toBeLessThanOrEqual(2);
      expect(Math.abs(red - 255 * share(48))).toBeLessThanOrEqual(8);
    }
  });

  it.each([4, 5])('of %i with colors that are multiplied with alpha get them back', async (bands) => {
    const extraSamples = [1, 0].slice(0, bands - 3);
    const at = (x: number, y: number, band: number) => Math.round(255 * (band === 3 ? 0.5 : color(x, y, band) / 2));
    const { pixel } = await thumbnail(tiff({ bands, extraSamples, at }));
    expect(Math.abs((pixel(48)[0] as number) - 255 * share(48))).toBeLessThanOrEqual(8);
  });

  it('are the same for every consumer', async () => {
    const bytes = tiff({ bands: 6, bits: 16, extraSamples: [0, 0, 0] });
    const model = await createModelInput(bytes, { width: WIDTH, height: HEIGHT });
    const [sample] = await augmentImages(bytes, { transformations: [], probability: 1, seeds: ['a'] });
    const made = await sharp(sample?.bytes).raw().toBuffer();
    for (const x of PLACES)
      for (const band of [0, 1, 2])
        for (const pixels of [model.pixels, made]) {
          const value = pixels[(16 * WIDTH + x) * 3 + band] as number;
          expect(Math.abs(value - 255 * color(x, 16, band))).toBeLessThanOrEqual(8);
        }
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('of a picture of orientation %i are turned', async (orientation) => {
    const more = [[274, [orientation]]] as const;
    for (const bands of [3, 6]) {
      const { analysis, pixel } = await thumbnail(tiff({ bands, more }));
      const turned = orientation >= 5;
      expect(analysis).toMatchObject(turned ? { width: HEIGHT, height: WIDTH } : { width: WIDTH, height: HEIGHT });
      const { width, height } = analysis.thumbnail;
      // Where the first row and the first column of the file are seen.
      const [right, bottom] = [[2, 3, 7, 8].includes(orientation), [3, 4, 6, 7].includes(orientation)];
      const bottomOf = { 5: false, 6: false, 7: true, 8: true }[orientation] ?? bottom;
      const rightOf = { 5: false, 6: true, 7: true, 8: false }[orientation] ?? right;
      const [red] = pixel(rightOf ? width - 1 : 0, bottomOf ? height - 1 : 0) as [number];
      expect(red).toBeLessThanOrEqual(8);
    }
  });
});

describe('color models', () => {
  it('YCbCr that is not compressed as JPEG', async () => {
    // Blue, by ITU-R BT.601.
    const at = (_x: number, _y: number, band: number) => [29, 255, 107][band] as number;
    const { pixel } = await thumbnail(tiff({ bands: 3, photometric: 6, at, more: [[530, [1, 1]]] }));
    expect(pixel(9).map((value) => Math.round(value / 64))).toEqual([0, 0, 4]);
  });

  it.each([8, 16])('CIE L*a*b* of %i bits', async (bits) => {
    // sRGB's red is 54.29, 80.81, 69.89 under D50.
    const unit = 2 ** (bits - 8);
    const at = (_x: number, _y: number, band: number) =>
      Math.round([(54.29 / 100) * (2 ** bits - 1), 80.81 * unit, 69.89 * unit][band] as number);
    const { pixel, analysis } = await thumbnail(tiff({ bands: 3, photometric: 8, bits, at }));
    expect(analysis.colorSpace).toBe('lab');
    const [red, green, blue] = pixel(9) as [number, number, number];
    expect([red > 248, green < 8, blue < 8]).toEqual([true, true, true]);
  });

  it('inks with a band that nothing is said of are opaque', async () => {
    const at = (_x: number, _y: number, band: number) => [0, 255, 255, 0, 0][band] as number;
    const { pixel, channels } = await thumbnail(tiff({ bands: 5, photometric: 5, extraSamples: [0], at }));
    expect(channels).toBe(3);
    const [red, green] = pixel(9) as [number, number];
    expect(red).toBeGreaterThan(180);
    expect(green).toBeLessThan(70);
  });
});

describe('a TIFF is refused with a reason', () => {
  it.each([
    [{ bits: 64, format: 6, at: () => 0 }, 'It is a TIFF of complex numbers, which are not decoded here.'],
    [{ bits: 24, format: 1 }, 'It is a TIFF of 24-bit unsigned samples, which are not decoded here.'],
    [
      { bands: 3, photometric: 6, more: [[530, [2, 2]]] },
      'It is a TIFF with reduced chroma that is not compressed as JPEG, which is not decoded here.',
    ],
    [{ photometric: 32_803 }, 'It is a TIFF of color model 32803, which is not decoded here.'],
    [
      { bands: 6, photometric: 5 },
      'It is a TIFF of 6 bands of 8 bits in color model 5, which are not decoded together here.',
    ],
  ] as const)('where it is %j', async (options, message) => {
    const failure = await failureOf(analyseImage(tiff(options as Options)));
    expect(failure).toEqual({ code: 'UNDECODABLE_IMAGE', message, reason: 'unsupported' });
  });

  it.each([
    [{ bits: 16, format: 2, compression: 1 }, 3000],
    [{ bits: 16, format: 2, compression: 8 }, 7000],
  ])('where %j cannot become the pixels that it claims', async (kind, side) => {
    const bytes = tiff(kind);
    for (const tag of [256, 257])
      bytes.writeUInt32LE(side, bytes.indexOf(Buffer.from([tag & 255, tag >> 8, 4, 0])) + 8);
    const memory = process.memoryUsage.rss();
    expect(await failureOf(analyseImage(bytes))).toMatchObject({ reason: 'damaged' });
    expect(process.memoryUsage.rss() - memory).toBeLessThan(16 * 1024 ** 2);
  });

  it('where it has more bands than are read', async () => {
    const at = () => 0;
    const failure = await failureOf(analyseImage(tiff({ bands: 1025, at })));
    expect(failure).toMatchObject({ message: 'It is a TIFF of 1025 bands; files of at most 1024 are decoded.' });
  });

  it('where its numbers would take too much memory', async () => {
    const bytes = tiff({ bands: 9, bits: 64, format: 3, compression: 8 });
    // 7,000 × 7,000 × 9 × 8 bytes.
    for (const tag of [256, 257])
      bytes.writeUInt32LE(7000, bytes.indexOf(Buffer.from([tag & 255, tag >> 8, 4, 0])) + 8);
    expect(await failureOf(analyseImage(bytes))).toMatchObject({ reason: 'too_much_memory' });
  });

  it.each([
    { bits: 8 },
    { bits: 16, bands: 5 },
    { bits: 32, format: 3 },
    { bits: 8, bands: 4, isPlanar: true, compression: 8 },
  ])('where %j are cut anywhere', async (kind) => {
    const whole = tiff({ ...kind, rowsPerStrip: 4 });
    for (let length = 8; length < whole.length - 1; length += Math.ceil(whole.length / 40))
      expect({ length, ...(await failureOf(analyseImage(whole.subarray(0, length)))) }).toMatchObject({
        length,
        reason: 'damaged',
      });
  });
});
