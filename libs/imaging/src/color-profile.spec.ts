import { inflateSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { analyseImage } from './analyse-image.js';
import { sharp } from './configured-sharp.js';
import { createModelInput } from './model-input.js';

/** Of CIE L*a*b*, which no JPEG has; made by Little CMS. */
const LAB = inflateSync(
  Buffer.from(
    'eNqtUMFKw0AUnKQUD1482N4K61FoQOrVS3sO0qOKl93Nxi6kaci+UAMe/AiPfoz/IPgRfoDX+DY1BIqCgrMMM/P27dtlgfAi02sXHgFSOYqlEp4' +
      'H7zjEBCOcYiK1K+bLZYwf8fGGwOtr5GfhbxgmxmnWF+azLkoCglv2J1sqvH9kf6xXMmH/xH46ny3O2Pv+h6+zHmP/bpuYnCzVQlU2o8jm3S1jxJ' +
      'BQELBIYJCD2BFqrihU7DNOEWuOfwKZe/J6uRF6U9SlvVvRVFTOiLQ0Jqv93tX1jdj/Q5eez9pSsDfwm7xOqe0dDMJf9SPkhabp2aHPTYu+tku9d' +
      'vwEFLxhtw==',
    'base64',
  ),
);
const ORANGE = { r: 255, g: 96, b: 0 };
const square = (side = 40) => sharp({ create: { width: side, height: side, channels: 3, background: ORANGE } });

async function expectOrange(bytes: Buffer): Promise<void> {
  const { thumbnail, resized } = await analyseImage(bytes);
  const { pixels } = await createModelInput(bytes, { width: 8, height: 8 });
  const seen = [thumbnail, ...(resized ? [resized] : [])].map(async (picture) =>
    (await sharp(picture.bytes).raw().toBuffer()).subarray(0, 3),
  );
  for (const [r = 0, g = 0, b = 0] of [...(await Promise.all(seen)), pixels.subarray(0, 3)])
    for (const [value, wanted] of [
      [r, 255],
      [g, 96],
      [b, 0],
    ] as const)
      // prettier-ignore
      expect(Math.abs(value - wanted)).toBeLessThanOrEqual(8);
}

describe('a color', () => {
  const wide = () => square().toColourspace('rgb16').withIccProfile('srgb');

  it.each([
    ['PNG of 16 bits', () => wide().png()],
    ['AVIF of 10 bits', () => square().withIccProfile('srgb').avif({ bitdepth: 10, effort: 0, quality: 90 })],
    ['PNG of 16 bits without a profile', () => square().toColourspace('rgb16').png()],
    ['PNG of 8 bits in Display P3', () => square().withIccProfile('p3').png()],
    ['JPEG in Display P3', () => square().withIccProfile('p3').jpeg()],
  ])('of a %s is that of its profile', async (_name, file) => {
    await expectOrange(await file().toBuffer());
  });

  it('of a JPEG is what it is where its profile is for other colors', async () => {
    const jpeg = await square().jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer();
    const segment = Buffer.concat([Buffer.from('\xff\xe2\0\0ICC_PROFILE\0\x01\x01', 'latin1'), LAB]);
    segment.writeUInt16BE(segment.length - 2, 2);
    const bytes = Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]);
    expect((await sharp(bytes).metadata()).icc).toEqual(LAB);
    await expectOrange(bytes);
  });
});
