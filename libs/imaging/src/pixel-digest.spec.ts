import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { analyseImage } from './analyse-image.js';
import { sharp } from './configured-sharp.js';
import { photo, pixelsOf } from './fixtures.fixture.js';
import { MAX_DIGEST_JPEG_PIXELS } from './limits.js';
import { pixelDigest } from './pixel-digest.js';
import type { RawImage } from './raw-image.js';

let image: RawImage;
let png: Buffer;
beforeAll(async () => {
  // Larger than the pictures that are made of it, so that a digest of reduced pixels would fail.
  image = await photo('digest', 1100, 160);
  png = await pixelsOf(image).png().toBuffer();
});

const digestOf = async (bytes: Buffer) => (await analyseImage(bytes)).pixelDigest;

describe('the digest of pixels', () => {
  it('is the SHA-256 of the size and the pixels', () => {
    const data = Uint8Array.of(1, 2, 3, 4, 5, 6);
    const expected = createHash('sha256').update('2x1x3\n').update(data).digest('hex');
    expect(pixelDigest({ data, width: 2, height: 1, channels: 3 })).toBe(expected);
    expect(pixelDigest({ data, width: 1, height: 2, channels: 3 })).not.toBe(expected);
  });

  it.each([
    ['a PNG of another compression', () => sharp(png).png({ compressionLevel: 1, adaptiveFiltering: true })],
    ['a lossless WebP', () => sharp(png).webp({ lossless: true, effort: 0 })],
    ['a TIFF', () => sharp(png).tiff({ compression: 'lzw' })],
    ['a PNG with an opaque alpha channel', () => sharp(png).ensureAlpha()],
  ])('is the same for %s', async (_what, encode) => {
    const bytes = await encode().toBuffer();
    expect(bytes.equals(png)).toBe(false);
    expect(await digestOf(bytes)).toBe(pixelDigest(image));
  });

  it.each([
    [3, 180],
    [6, 270],
    [8, 90],
  ])('is the same for pixels that EXIF turns (%i) as for upright ones', async (orientation, angle) => {
    const stored = await sharp(png).rotate(angle).png().toBuffer();
    const turned = await sharp(stored).withMetadata({ orientation }).png().toBuffer();
    expect(await digestOf(turned)).toBe(await digestOf(png));
    expect(await digestOf(stored)).not.toBe(await digestOf(png));
  });

  it('is the same for a JPEG and a PNG of its decoded pixels', async () => {
    const jpeg = await sharp(png).jpeg({ quality: 80 }).toBuffer();
    const decoded = await sharp(jpeg).png().toBuffer();
    expect(await digestOf(jpeg)).toBe(await digestOf(decoded));
    expect(await digestOf(jpeg)).not.toBe(await digestOf(png));
  });

  it('differs by one pixel', async () => {
    const data = Uint8Array.from(image.data);
    data[1000] = (data[1000] as number) ^ 1;
    const other = await pixelsOf({ ...image, data })
      .png()
      .toBuffer();
    expect(await digestOf(other)).not.toBe(await digestOf(png));
  });

  it('ignores the colors of transparent pixels only', async () => {
    const of = (...data: number[]) => pixelDigest({ data: Uint8Array.from(data), width: 2, height: 1, channels: 4 });
    expect(of(9, 9, 9, 0, 1, 2, 3, 255)).toBe(of(0, 0, 0, 0, 1, 2, 3, 255));
    expect(of(9, 9, 9, 1, 1, 2, 3, 255)).not.toBe(of(0, 0, 0, 1, 1, 2, 3, 255));
  });

  it('is missing for a JPEG that is decoded at a fraction of its size', async () => {
    const side = Math.ceil(Math.sqrt(MAX_DIGEST_JPEG_PIXELS)) + 1;
    const large = sharp({ create: { width: side, height: side, channels: 3, background: '#336699' } });
    expect(await digestOf(await large.clone().jpeg().toBuffer())).toBeNull();
    expect(await digestOf(await large.clone().png().toBuffer())).toMatch(/^[0-9a-f]{64}$/);
  });
});
