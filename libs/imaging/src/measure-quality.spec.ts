import { describe, expect, it } from '@jest/globals';
import { createRandom, qualityFindings, type QualityFindingKind } from '@pentaprism/domain';
import { analyseImage } from './analyse-image.js';
import { sharp } from './configured-sharp.js';
import { photo, pixelsOf } from './fixtures.fixture.js';
import { measureQuality } from './measure-quality.js';
import type { RawImage } from './raw-image.js';

const SCENES = 8;
const [WIDTH, HEIGHT] = [400, 300];

/** Things with edges before something soft, as on most photos. */
async function scene(seed: string): Promise<RawImage> {
  const image = await photo(seed, WIDTH, HEIGHT);
  const random = createRandom(`things of ${seed}`);
  for (let n = 0; n < 8; n++) {
    const color = [random() * 256, random() * 256, random() * 256];
    const [left, top] = [Math.floor(random() * WIDTH * 0.8), Math.floor(random() * HEIGHT * 0.8)];
    const [right, bottom] = [left + 20 + random() * 100, top + 20 + random() * 80];
    for (let y = top; y < Math.min(bottom, HEIGHT); y++)
      for (let x = left; x < Math.min(right, WIDTH); x++) image.data.set(color, (y * WIDTH + x) * 3);
  }
  return image;
}

type Spoil = (image: RawImage) => Promise<Buffer>;

const jpeg = (pixels: ReturnType<typeof sharp>) => pixels.jpeg({ quality: 85 }).toBuffer();
/** Two pixels of the copy that is measured. */
const BLUR = (2 * WIDTH) / 256;
const BAD: readonly (readonly [kind: QualityFindingKind, spoil: Spoil])[] = [
  ['blurred', (image) => jpeg(pixelsOf(image).blur(BLUR))],
  ['blurred', (image) => jpeg(pixelsOf(image).blur(BLUR).linear(0.6, 20))],
  ['too-dark', (image) => jpeg(pixelsOf(image).linear(0.2, 0))],
  ['too-bright', (image) => jpeg(pixelsOf(image).linear(0.12, 255 * 0.88))],
  ['low-information', (image) => jpeg(pixelsOf(image).linear(0.04, 120))],
  ['low-information', () => jpeg(sharp({ create: { width: 90, height: 60, channels: 3, background: 'teal' } }))],
  ['tiny', (image) => jpeg(pixelsOf(image).resize(24, 18))],
  ['odd-proportions', (image) => jpeg(pixelsOf(image).extract({ left: 0, top: 100, width: WIDTH, height: 60 }))],
];
const GOOD: readonly Spoil[] = [
  (image) => jpeg(pixelsOf(image)),
  (image) => pixelsOf(image).jpeg({ quality: 40 }).toBuffer(),
  (image) => pixelsOf(image).resize(128, 96).png().toBuffer(),
  (image) => jpeg(pixelsOf(image).linear(0.5, 0)),
  (image) => jpeg(pixelsOf(image).linear(0.5, 128)),
  (image) => jpeg(pixelsOf(image).grayscale()),
];

const kindsOf = async (bytes: Buffer) => qualityFindings(await analyseImage(bytes)).map(({ kind }) => kind);

describe('findings of images that were made bad on purpose', () => {
  it('have a precision and a recall of at least 95 %, kind by kind', async () => {
    const judged: { made: QualityFindingKind | 'good'; found: QualityFindingKind[] }[] = [];
    for (let n = 0; n < SCENES; n++) {
      const image = await scene(`scene ${n}`);
      for (const spoil of GOOD) judged.push({ made: 'good', found: await kindsOf(await spoil(image)) });
      for (const [kind, spoil] of BAD) judged.push({ made: kind, found: await kindsOf(await spoil(image)) });
    }
    for (const kind of new Set(BAD.map(([each]) => each))) {
      const made = judged.filter((each) => each.made === kind);
      const found = judged.filter((each) => each.found.includes(kind));
      const right = found.filter((each) => each.made === kind).length;
      const rates = { kind, precision: right / found.length, recall: right / made.length };
      expect([rates, rates.precision >= 0.95, rates.recall >= 0.95]).toEqual([rates, true, true]);
    }
    expect(judged.filter(({ made, found }) => made === 'good' && found.length > 0)).toEqual([]);
  });

  it('do not call an image blurred that is sharp in one part only', async () => {
    const image = await scene('background');
    const thing = await pixelsOf(await scene('thing'))
      .resize(96, 72)
      .png()
      .toBuffer();
    const background = await pixelsOf(image).blur(20).png().toBuffer();
    const bytes = await sharp(background)
      .composite([{ input: thing, left: 150, top: 100 }])
      .png()
      .toBuffer();
    expect(await kindsOf(bytes)).toEqual([]);
    expect(await kindsOf(background)).toEqual(['blurred']);
  });

  it('do not call a scene with lamps too dark, nor a small thing on white too bright', async () => {
    const image = await scene('lamps and things');
    const night = await pixelsOf(image).linear(0.2, 0).png().toBuffer();
    const lamp = { create: { width: 16, height: 16, channels: 3, background: 'white' } } as const;
    const lamps = [20, 110, 170, 280, 350].map((left, i) => ({ input: lamp, left, top: 20 + i * 45 }));
    expect(await kindsOf(night)).toEqual(['too-dark']);
    expect(await kindsOf(await sharp(night).composite(lamps).png().toBuffer())).toEqual([]);
    const thing = await pixelsOf(image).resize(60, 45).png().toBuffer();
    const paper = sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background: 'white' } });
    expect(
      await kindsOf(
        await paper
          .composite([{ input: thing, left: 170, top: 120 }])
          .png()
          .toBuffer(),
      ),
    ).toEqual([]);
  });

  it('call a gradient from side to side an image of low information, and not blurred', async () => {
    const data = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => 40 + (Math.floor(i / 3) % WIDTH) / 2);
    const gradient = pixelsOf({ data, width: WIDTH, height: HEIGHT, channels: 3 });
    expect(await kindsOf(await jpeg(gradient))).toEqual(['low-information']);
  });

  it('do not call drawings of few lines too bright, too dark or empty', async () => {
    for (const [paper, ink] of [
      [255, 0],
      [0, 255],
    ] as const) {
      const data = new Uint8Array(200 * 200 * 3).fill(paper);
      for (let y = 0; y < 200; y++)
        for (const x of [40, 41, 130]) data.fill(ink, (y * 200 + x) * 3, (y * 200 + x + 1) * 3);
      expect(await kindsOf(await pixelsOf({ data, width: 200, height: 200, channels: 3 }).png().toBuffer())).toEqual(
        [],
      );
    }
  });
});

describe('measureQuality', () => {
  it('finds nearly the same for an image of any size and format', async () => {
    const image = await scene('sizes');
    const of = async (bytes: Buffer) => (await analyseImage(bytes)).quality;
    const expected = await of(await pixelsOf(image).png().toBuffer());
    for (const bytes of [
      await pixelsOf(image).resize(1600, 1200).webp({ quality: 90 }).toBuffer(),
      await pixelsOf(image).resize(256, 192).png().toBuffer(),
      await pixelsOf(image).tiff().toBuffer(),
    ]) {
      const quality = await of(bytes);
      expect(Math.abs(quality.sharpness / expected.sharpness - 1)).toBeLessThan(0.2);
      for (const name of ['shadows', 'highlights', 'contrast'] as const)
        expect(Math.abs(quality[name] - expected[name])).toBeLessThan(0.03);
      expect(Math.abs(quality.entropy - expected.entropy)).toBeLessThan(0.3);
    }
  });

  it('measures what a simple image has', () => {
    const data = Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => (Math.floor(i / 3) % 16 < 8 ? 0 : 255));
    const quality = measureQuality({ data, width: 16, height: 16, channels: 3 });
    // An edge between two pixels: a Laplacian of 255, a gradient of 127.5.
    expect({ ...quality, sharpness: quality.sharpness.toFixed(2) }).toEqual({
      sharpness: '2.00',
      shadows: 0,
      highlights: 1,
      contrast: 0.5,
      entropy: 1,
    });
  });

  it('returns numbers for one color, and for images without inner pixels', () => {
    const one = { shadows: 0.2, highlights: 0.2, sharpness: 0, contrast: 0, entropy: 0 };
    for (const [width, height] of [
      [1, 1],
      [1, 300],
      [2, 2],
      [40, 30],
    ] as const) {
      const data = new Uint8Array(width * height * 3).fill(51);
      expect(measureQuality({ data, width, height, channels: 3 })).toEqual(one);
    }
  });

  it('takes transparent pixels for gray, whatever color they hide', async () => {
    const image = await scene('hidden');
    const data = new Uint8Array(WIDTH * HEIGHT * 4);
    for (let i = 0; i < WIDTH * HEIGHT; i++) data.set(image.data.subarray(i * 3, i * 3 + 3), i * 4);
    const { width, height } = image;
    expect(measureQuality({ data, width, height, channels: 4 })).toMatchObject({ contrast: 0, shadows: 0.502 });
    for (let i = 3; i < data.length; i += 4) data[i] = 255;
    expect(measureQuality({ data, width, height, channels: 4 })).toEqual(measureQuality(image));
  });
});
