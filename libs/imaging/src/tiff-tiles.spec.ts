import { describe, expect, it } from '@jest/globals';
import { analyseImage } from './analyse-image.js';
import { sharp } from './configured-sharp.js';
import { failureOf } from './fixtures.fixture.js';
import { writeTiff, type TiffPicture } from './tiff.fixture.js';

// No multiples of a tile's side, so that tiles go beyond the edges.
const [WIDTH, HEIGHT] = [70, 40];
const KINDS = [
  { bits: 8 },
  { bits: 16 },
  { bits: 32 },
  { bits: 16, format: 2 },
  { bits: 32, format: 3 },
  { bits: 64, format: 3 },
] as const;
const STORED = [
  {},
  { compression: 8 },
  { isPlanar: true },
  { isPlanar: true, compression: 8 },
  { isBigEndian: true, compression: 8 },
  { isBigTiff: true },
  { isBigTiff: true, isBigEndian: true, isPlanar: true, compression: 8 },
] as const;

/** A ramp to the right, its opposite, and one to the bottom. */
const share = (x: number, y: number, band: number) =>
  [x / (WIDTH - 1), 1 - x / (WIDTH - 1), y / (HEIGHT - 1), 0.5][Math.min(band, 3)] as number;

function tiff(options: Partial<TiffPicture> & { readonly bits: number }): Buffer {
  const { bits, format = 1, bands = 3 } = options;
  const least = format === 2 ? -(2 ** (bits - 1)) : 0;
  const number = (value: number) => (format === 3 ? value : least + Math.round(value * (2 ** bits - 1)));
  const at = (x: number, y: number, band: number) => number(share(x, y, band));
  return writeTiff({ width: WIDTH, height: HEIGHT, bands, photometric: bands >= 3 ? 2 : 1, at, ...options });
}

async function expectPicture(bytes: Buffer, bands = 3): Promise<void> {
  const { thumbnail } = await analyseImage(bytes);
  const { data, info } = await sharp(thumbnail.bytes).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height, info.channels]).toEqual([WIDTH, HEIGHT, 3]);
  for (const [x, y] of [
    [0, 0],
    [15, 16],
    [16, 15],
    [40, 20],
    [65, 35],
    [69, 39],
  ] as const)
    // prettier-ignore
    for (let band = 0; band < bands; band++) {
      const value = data[(y * WIDTH + x) * 3 + band] as number;
      expect(Math.abs(value - 255 * share(x, y, band))).toBeLessThanOrEqual(8);
    }
}

describe('the colors of a tiled TIFF', () => {
  const kinds = KINDS.flatMap((kind) => STORED.map((stored) => ({ ...kind, ...stored })));

  it.each(kinds)('of %j are right', async (kind) => {
    await expectPicture(tiff({ ...kind, tile: [32, 16] }));
    await expectPicture(tiff({ ...kind, tile: [16, 48] }));
  });

  it.each(KINDS)('of %j with bands that nothing is said of are right', async (kind) => {
    await expectPicture(tiff({ ...kind, bands: 4, tile: [16, 16] }));
    await expectPicture(tiff({ ...kind, bands: 5, tile: [16, 16], isPlanar: true }));
  });

  it('are right where tags say other things than how its pixels are stored', async () => {
    // Of a GeoTIFF, of nobody, and text without an end.
    const more = [[33_550, [1, 1, 0]], [65_001, [7]], [270, 'x']] as const; // prettier-ignore
    await expectPicture(tiff({ bits: 8, tile: [16, 16], more }));
  });
});

describe('the colors of a TIFF with predictor 3', () => {
  const stored = [{}, { tile: [16, 16] }, { tile: [32, 48] }, { rowsPerStrip: 7 }, { isPlanar: true, tile: [16, 16] }] as const; // prettier-ignore
  const kinds = [32, 64].flatMap((bits) =>
    stored.flatMap((each) => [false, true].map((isBigEndian) => ({ bits, isBigEndian, ...each }))),
  );

  it.each(kinds)('of %j are right', async (kind) => {
    await expectPicture(tiff({ ...kind, format: 3, predictor: 3, compression: 8 }));
    await expectPicture(tiff({ ...kind, format: 3, predictor: 3, compression: 8, isBigTiff: true }));
  });
});

describe('a TIFF is damaged', () => {
  const kinds = [
    { bits: 8 },
    { bits: 16 },
    { bits: 32, format: 3 },
    { bits: 32, format: 3, predictor: 3 },
    { bits: 8, isPlanar: true },
  ] as const;
  const damage = { reason: 'damaged' };

  it.each(kinds)('where tiles of %j are cut off', async (kind) => {
    for (const compression of [1, 8]) {
      const whole = tiff({ ...kind, compression, tile: [16, 16] });
      for (let length = 400; length < whole.length; length += Math.ceil(whole.length / 20))
        expect({ length, ...(await failureOf(analyseImage(whole.subarray(0, length)))) }).toMatchObject({
          length,
          ...damage,
        });
    }
  });

  it.each(kinds)('where a tile of %j cannot be decompressed', async (kind) => {
    const bytes = tiff({ ...kind, compression: 8, tile: [16, 16] });
    // Deflate begins with these; the third tile of it.
    const start = Buffer.from([0x78, 0x9c]);
    let at = -1;
    for (let tile = 0; tile < 3; tile++) at = bytes.indexOf(start, at + 1);
    bytes.fill(0xff, at, at + 20);
    expect(await failureOf(analyseImage(bytes))).toMatchObject(damage);
  });
});

it('shows a TIFF as it is where its orientation means nothing', async () => {
  for (const orientation of [0, 9, 77])
    for (const kind of [{ bits: 8 }, { bits: 32, format: 3 }, { bits: 8, tile: [16, 16] }] as const)
      await expectPicture(tiff({ ...kind, more: [[274, [orientation]]] }));
});

it.each([
  [50_000, 'Zstandard'],
  [34_887, 'LERC'],
  [34_925, 'LZMA'],
])('names compression %i, which is not decoded', async (compression, name) => {
  expect(await failureOf(analyseImage(tiff({ bits: 8, compression })))).toEqual({
    code: 'UNDECODABLE_IMAGE',
    message: `It is a TIFF in ${name} compression, which is not decoded here. Use Deflate or LZW.`,
    reason: 'unsupported',
  });
});
