import { beforeAll, describe, expect, it } from '@jest/globals';
import { analyseImage } from './analyse-image.js';
import { sharp } from './configured-sharp.js';
import { distance, failureOf, gifClaiming, photo, pixelsOf, pngClaiming } from './fixtures.fixture.js';
import type { ImageFormat } from './image-header.js';
import { MAX_PAGES, RESIZED_SIDE } from './limits.js';
import { writePng16 } from './png.fixture.js';
import type { RawImage } from './raw-image.js';

let image: RawImage;
let jpeg: Buffer;
beforeAll(async () => {
  image = await photo('analyse', 640, 480);
  jpeg = await pixelsOf(image).jpeg({ quality: 92 }).toBuffer();
});

const raw = (bytes: Buffer) => sharp(bytes).raw().toBuffer({ resolveWithObject: true });

describe('what an analysis says', () => {
  it('of a JPEG photo', async () => {
    const { thumbnail, ...facts } = await analyseImage(jpeg);
    expect(facts).toMatchObject({ format: 'jpeg', mediaType: 'image/jpeg', width: 640, height: 480, orientation: 1 });
    expect(facts).toMatchObject({ colorSpace: 'srgb', channels: 3, bitDepth: 8, hasAlpha: false, pages: 1 });
    expect(facts.perceptualHash).toMatch(/^[0-9a-f]{16}$/);
    expect(thumbnail).toMatchObject({ mediaType: 'image/jpeg', width: 256, height: 192 });
    expect(await sharp(thumbnail.bytes).metadata()).toMatchObject({ format: 'jpeg', width: 256, height: 192 });
  });

  it.each(['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff'] as const)('of the same photo as %s', async (format) => {
    const analysis = await analyseImage(await encoded(image, format));
    expect(analysis).toMatchObject({ format, mediaType: `image/${format}`, width: 640, height: 480 });
    expect(distance(analysis.perceptualHash, (await analyseImage(jpeg)).perceptualHash)).toBeLessThanOrEqual(6);
  });

  it('alike for all eight EXIF orientations', async () => {
    const upright = await analyseImage(jpeg);
    for (let orientation = 1; orientation <= 8; orientation++) {
      const analysis = await analyseImage(await storedAs(orientation, image));
      expect(analysis).toMatchObject({ orientation, width: 640, height: 480 });
      expect(analysis.thumbnail).toMatchObject({ width: 256, height: 192 });
      expect(distance(analysis.perceptualHash, upright.perceptualHash)).toBeLessThanOrEqual(4);
      const [one, two] = [await raw(analysis.thumbnail.bytes), await raw(upright.thumbnail.bytes)];
      expect(meanDifference(one.data, two.data)).toBeLessThan(4);
    }
  });

  it('of an animation: its pages, and the size of one', async () => {
    const frames = await Promise.all(
      ['a', 'b', 'c'].map(async (seed) =>
        pixelsOf(await photo(seed, 60, 40))
          .png()
          .toBuffer(),
      ),
    );
    const gif = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer();
    expect(await analyseImage(gif)).toMatchObject({ format: 'gif', pages: 3, width: 60, height: 40 });
  });

  it('of an animation whose frames have more pixels together than one may have', async () => {
    expect(await analyseImage(gifClaiming(1280, 720, 60))).toMatchObject({ pages: 60, width: 1280, height: 720 });
  });

  it('of a small image: its thumbnail is not enlarged', async () => {
    const analysis = await analyseImage(
      await pixelsOf(await photo('small', 3, 2))
        .png()
        .toBuffer(),
    );
    expect(analysis.thumbnail).toMatchObject({ width: 3, height: 2 });
  });
});

describe('the resized picture', () => {
  it('is the whole one, where that is larger than it, and not otherwise', async () => {
    const large = await photo('resized', RESIZED_SIDE + 200, 600);
    const { resized, thumbnail } = await analyseImage(await pixelsOf(large).jpeg({ quality: 92 }).toBuffer());
    const height = Math.round((600 * RESIZED_SIDE) / (RESIZED_SIDE + 200));
    expect(resized).toMatchObject({ mediaType: 'image/jpeg', width: RESIZED_SIDE, height });
    const metadata = await sharp(resized?.bytes).metadata();
    expect(metadata).toMatchObject({ format: 'jpeg', width: RESIZED_SIDE, height });
    expect(metadata.exif).toBeUndefined();
    expect(await sharp(thumbnail.bytes).metadata()).toMatchObject({ width: 256 });
    const expected = await pixelsOf(large).resize(RESIZED_SIDE, height).raw().toBuffer();
    expect(meanDifference((await raw(resized?.bytes as Buffer)).data, expected)).toBeLessThan(6);
    const fits = await photo('fits', RESIZED_SIDE, 40);
    expect((await analyseImage(await pixelsOf(fits).png().toBuffer())).resized).toBeNull();
    expect((await analyseImage(jpeg)).resized).toBeNull();
  });

  it('is upright, and made of the first page', async () => {
    const large = await photo('upright', 1200, 900);
    for (const orientation of [3, 6]) {
      const { resized } = await analyseImage(await storedAs(orientation, large));
      expect(resized).toMatchObject({ width: RESIZED_SIDE, height: 768 });
      const { resized: upright } = await analyseImage(await storedAs(1, large));
      const [one, two] = [await raw(resized?.bytes as Buffer), await raw(upright?.bytes as Buffer)];
      expect(meanDifference(one.data, two.data)).toBeLessThan(6);
    }
    const frames = await Promise.all(
      [large, await photo('second', 1200, 900)].map((page) => pixelsOf(page).png().toBuffer()),
    );
    const gif = await sharp(frames, { join: { animated: true } })
      .gif({ effort: 1 })
      .toBuffer();
    expect((await analyseImage(gif)).resized).toMatchObject({ width: RESIZED_SIDE, height: 768 });
  });

  it.each([2, 3, 4, 5, 6, 7, 8])('is made of a small photo that EXIF turns (%i), upright', async (orientation) => {
    for (const [width, height] of [
      [640, 400],
      [60, 40],
    ] as const) {
      const analysis = await analyseImage(await storedAs(orientation, await photo('turned', width, height)));
      expect(analysis).toMatchObject({ width, height, orientation, resized: { width, height } });
      const metadata = await sharp(analysis.resized?.bytes).metadata();
      expect([metadata.width, metadata.height, metadata.orientation ?? 1]).toEqual([width, height, 1]);
    }
    expect((await analyseImage(await storedAs(1, await photo('turned', 640, 400)))).resized).toBeNull();
  });

  it('keeps transparency', async () => {
    const background = { r: 200, g: 100, b: 50, alpha: 0.5 };
    const png = await sharp({ create: { width: 1500, height: 300, channels: 4, background } })
      .png()
      .toBuffer();
    const { resized, thumbnail } = await analyseImage(png);
    expect([resized?.mediaType, thumbnail.mediaType]).toEqual(['image/webp', 'image/webp']);
    const { data, info } = await raw(resized?.bytes as Buffer);
    expect(info).toMatchObject({ width: RESIZED_SIDE, channels: 4 });
    for (const [channel, value] of [200, 100, 50, 128].entries())
      expect(Math.abs((data[(50 * info.width + 500) * 4 + channel] as number) - value)).toBeLessThanOrEqual(3);
  });
});

describe('a picture that is smaller than a thumbnail', () => {
  const colors = [[255, 0, 0], [0, 255, 0], [0, 0, 255]] as const; // prettier-ignore
  const patterns = {
    stripes: (_x: number, y: number) => colors[Math.floor(y / 2) % 3],
    chequers: (x: number, y: number) => colors[((x + y) % 2) * 2],
  };
  const made = (pattern: keyof typeof patterns, channels: 3 | 4) => {
    const data = Buffer.from(
      Array.from({ length: 36 }, (_, i) => [
        ...(patterns[pattern](i % 6, Math.floor(i / 6)) as readonly number[]),
        ...(channels === 4 ? [200] : []),
      ]).flat(),
    );
    return {
      data,
      png: sharp(data, { raw: { width: 6, height: 6, channels } })
        .png()
        .toBuffer(),
    };
  };

  it.each([
    ['stripes', 3],
    ['chequers', 3],
    ['stripes', 4],
    ['chequers', 4],
  ] as const)('keeps its colors: %s of %i channels', async (pattern, channels) => {
    const { data, png } = made(pattern, channels);
    const { thumbnail } = await analyseImage(await png);
    expect(meanDifference((await raw(thumbnail.bytes)).data, data)).toBeLessThan(8);
  });

  it('has a picture to look at where browsers do not show the file itself', async () => {
    const small = sharp({ create: { width: 40, height: 30, channels: 3, background: '#c86432' } });
    const { resized } = await analyseImage(await small.clone().tiff().toBuffer());
    expect(resized).toMatchObject({ mediaType: 'image/jpeg', width: 40, height: 30 });
    expect((await analyseImage(await small.clone().webp().toBuffer())).resized).toBeNull();
  });
});

describe('an AVIF sequence', () => {
  it('is its first frame', async () => {
    const avif = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#c86432' } })
      .avif({ effort: 0 })
      .toBuffer();
    avif.write('avis', 8, 'latin1');
    expect(await analyseImage(avif)).toMatchObject({ format: 'avif', mediaType: 'image/avif', width: 40, height: 30 });
  });
});

describe('samples of 16 bits in a PNG', () => {
  const ramp = (most: number) =>
    writePng16({
      width: 64,
      height: 8,
      values: Uint16Array.from({ length: 512 }, (_, i) => Math.round(((i % 64) / 63) * most)),
    });

  it.each([1023, 4095, 16_383, 65_535])('that use %i values are shown from black to white', async (most) => {
    const { data, info } = await raw((await analyseImage(ramp(most))).thumbnail.bytes);
    for (const x of [0, 16, 32, 48, 63])
      expect(Math.abs((data[(4 * 64 + x) * info.channels] as number) - (x / 63) * 255)).toBeLessThanOrEqual(6);
  });
});

describe('golden pixels of the thumbnail', () => {
  const flat = (background: string | { r: number; g: number; b: number; alpha: number }, channels: 3 | 4 = 3) =>
    sharp({ create: { width: 16, height: 16, channels, background } });
  const cases = {
    gray: [() => flat('#808080').toColourspace('b-w').png(), [128, 128, 128], { colorSpace: 'b-w', channels: 1 }],
    'gray, 16 bit': [() => flat('#404040').toColourspace('grey16').png(), [64, 64, 64], { bitDepth: 16 }],
    'RGB, 16 bit': [() => flat('#c86432').toColourspace('rgb16').png(), [200, 100, 50], { bitDepth: 16 }],
    // Inks cannot hold every color: this is what sharp's own profile gives back.
    CMYK: [
      () => flat('#c86432').toColourspace('cmyk').jpeg({ quality: 100 }),
      [199, 94, 21],
      { channels: 4, hasAlpha: false },
    ],
    'RGB and alpha': [
      () => flat({ r: 200, g: 100, b: 50, alpha: 0.5 }, 4).png(),
      [200, 100, 50, 128],
      { hasAlpha: true },
    ],
    'gray and alpha': [
      () => flat({ r: 90, g: 90, b: 90, alpha: 0.5 }, 4).toColourspace('b-w').png(),
      [90, 90, 90, 128],
      { hasAlpha: true, channels: 2 },
    ],
    palette: [() => flat('#c86432').png({ palette: true }), [200, 100, 50], { hasAlpha: false }],
  } as const;

  it.each(Object.keys(cases) as (keyof typeof cases)[])('%s', async (name) => {
    const [make, expected, facts] = cases[name];
    const analysis = await analyseImage(await make().toBuffer());
    expect(analysis).toMatchObject(facts);
    const { data, info } = await raw(analysis.thumbnail.bytes);
    expect(info.channels).toBe(expected.length);
    expected.forEach((value, channel) => {
      const got = data[(8 * 16 + 8) * info.channels + channel] as number;
      expect(Math.abs(got - value)).toBeLessThanOrEqual(3);
    });
  });
});

describe('what is refused', () => {
  const DAMAGED = { code: 'UNDECODABLE_IMAGE', message: 'The file is truncated or damaged.', reason: 'damaged' };
  const UNKNOWN = {
    code: 'UNDECODABLE_IMAGE',
    message: 'The format is not an image that can be decoded here.',
    reason: 'unknown_format',
  };

  it('nothing', async () => {
    expect(await failureOf(analyseImage(Buffer.alloc(0)))).toMatchObject({
      message: 'The file is empty.',
      reason: 'empty',
    });
  });

  it.each([
    ['text', 'A letter that somebody named photo.png.'],
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'],
    ['SVG after a comment', '<!--GIF89a--><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'],
    ['PDF', '%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj'],
    ['zeros', '\0'.repeat(100)],
  ])('%s', async (_what, text) => {
    expect(await failureOf(analyseImage(Buffer.from(text)))).toEqual(UNKNOWN);
  });

  it.each([
    ['HEIC', '\0\0\0\x18ftypheic\0\0\0\0mif1heic'],
    ['HEIC', '\0\0\0\x18ftypmif1\0\0\0\0mif1heic'],
    ['JPEG XL', '\xff\x0a\xfa\x1f'],
    ['JPEG 2000', '\0\0\0\x0cjP  \r\n\x87\n'],
    ['Photoshop', '8BPS\0\x01'],
  ])('%s, by its name', async (name, text) => {
    expect(await failureOf(analyseImage(Buffer.from(text.padEnd(64, '\0'), 'latin1')))).toEqual({
      code: 'UNDECODABLE_IMAGE',
      message: `It is a ${name} file, which is not decoded here. Convert it to JPEG or PNG.`,
      reason: 'unsupported',
    });
  });

  it.each(['\x89PNG\r\n\x1a\n<svg width="9" height="9"></svg>', 'GIF89a<script>', '\xff\xd8\xff%PDF-1.4', 'II*\0<svg'])(
    'a signature with something else behind it: %j',
    async (text) => {
      expect(await failureOf(analyseImage(Buffer.from(text, 'latin1')))).toEqual(DAMAGED);
    },
  );

  it.each(['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff'] as const)('%s cut at every 5 %%', async (format) => {
    const whole = await encoded(await photo('cut', 96, 64), format);
    for (let share = 5; share < 100; share += 5) {
      const cut = whole.subarray(0, Math.floor((whole.length * share) / 100));
      const { code, reason } = await failureOf(analyseImage(cut));
      // Of a few bytes nobody can say what they were.
      expect({ share, code, reason }).toEqual({ share, code: 'UNDECODABLE_IMAGE', reason: 'damaged' });
    }
  });

  it('60,000 × 60,000 pixels, by the header alone', async () => {
    await analyseImage(jpeg);
    const [time, memory] = [process.cpuUsage(), process.memoryUsage.rss()];
    expect(await failureOf(analyseImage(pngClaiming(60_000, 60_000)))).toEqual({
      code: 'UNDECODABLE_IMAGE',
      message: 'It claims 60000 × 60000 pixels; at most 50 megapixels are decoded.',
      reason: 'too_many_pixels',
    });
    const { user, system } = process.cpuUsage(time);
    expect((user + system) / 1000).toBeLessThan(250);
    expect(process.memoryUsage.rss() - memory).toBeLessThan(100 * 1024 ** 2);
  });

  it('a side that is too long', async () => {
    const failure = await failureOf(analyseImage(pngClaiming(30_001, 2)));
    expect(failure.message).toBe('It claims 30001 × 2 pixels; sides of at most 30000 pixels are decoded.');
  });

  it('more pages than are listed', async () => {
    const failure = await failureOf(analyseImage(gifClaiming(8, 8, MAX_PAGES + 1)));
    expect(failure).toMatchObject({ message: 'It has 20001 pages; files of at most 20000 pages are decoded.' });
  });
});

/** AVIF and GIF by their quickest searches, which take seconds otherwise. */
function encoded(picture: RawImage, format: Exclude<ImageFormat, 'bmp' | 'ppm' | 'pgm'>): Promise<Buffer> {
  const quickest = { avif: { effort: 0 }, gif: { effort: 1 }, jpeg: {}, png: {}, tiff: {}, webp: {} };
  return pixelsOf(picture).toFormat(format, quickest[format]).toBuffer();
}

/** The picture stored so that a viewer has to apply the orientation to see it as it was. */
async function storedAs(orientation: number, upright: RawImage): Promise<Buffer> {
  const png = await pixelsOf(upright).png().toBuffer();
  const transposed = () => sharp(png).rotate(90).png().toBuffer();
  const stored: Readonly<Record<number, () => Promise<Buffer>>> = {
    1: async () => png,
    2: () => sharp(png).flop().png().toBuffer(),
    3: () => sharp(png).rotate(180).png().toBuffer(),
    4: () => sharp(png).flip().png().toBuffer(),
    5: async () =>
      sharp(await transposed())
        .flop()
        .png()
        .toBuffer(),
    6: () => sharp(png).rotate(270).png().toBuffer(),
    7: async () =>
      sharp(await transposed())
        .flip()
        .png()
        .toBuffer(),
    8: () => sharp(png).rotate(90).png().toBuffer(),
  };
  return sharp(await (stored[orientation] as () => Promise<Buffer>)())
    .withMetadata({ orientation })
    .jpeg({ quality: 92 })
    .toBuffer();
}

function meanDifference(one: Uint8Array, two: Uint8Array): number {
  return one.reduce((sum, value, index) => sum + Math.abs(value - (two[index] as number)), 0) / one.length;
}
