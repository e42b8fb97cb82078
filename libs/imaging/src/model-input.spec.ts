import { beforeAll, describe, expect, it } from '@jest/globals';
import { sharp } from './configured-sharp.js';
import { failureOf, photo, pixelsOf, pngClaiming } from './fixtures.fixture.js';
import { createModelInput, type ModelInput } from './model-input.js';
import { writePng16 } from './png.fixture.js';
import type { RawImage } from './raw-image.js';

const SIZE = { width: 60, height: 40 };
let image: RawImage;
let jpeg: Buffer;
let upright: ModelInput;
beforeAll(async () => {
  image = await photo('model input', 640, 360);
  jpeg = await pixelsOf(image).jpeg({ quality: 95 }).toBuffer();
  upright = await createModelInput(jpeg, SIZE);
});

/** R, G and B at a place. */
function at({ pixels }: ModelInput, x: number, y: number): number[] {
  const index = (y * SIZE.width + x) * 3;
  return [...pixels.subarray(index, index + 3)];
}

function meanDifference(one: Uint8Array, two: Uint8Array): number {
  expect(one).toHaveLength(two.length);
  return one.reduce((sum, value, index) => sum + Math.abs(value - (two[index] as number)), 0) / one.length;
}

describe('pixels', () => {
  it('have the size that was asked for, and are those of the whole picture', async () => {
    expect(upright).toMatchObject({ original: { width: 640, height: 360 } });
    const expected = await pixelsOf(image).resize(SIZE.width, SIZE.height, { fit: 'fill' }).raw().toBuffer();
    expect(meanDifference(upright.pixels, expected)).toBeLessThan(3);
  });

  it('reach to all four corners of a picture that is not square', async () => {
    const marks = [
      { left: 0, top: 0, color: [255, 0, 0] },
      { left: 540, top: 0, color: [0, 255, 0] },
      { left: 0, top: 300, color: [0, 0, 255] },
      { left: 540, top: 300, color: [255, 255, 0] },
    ];
    const blocks = marks.map(({ left, top, color: [r, g, b] }) => ({
      input: { create: { width: 100, height: 60, channels: 3 as const, background: { r, g, b } } },
      left,
      top,
    }));
    const input = await createModelInput(await pixelsOf(image).composite(blocks).png().toBuffer(), SIZE);
    const corners = [at(input, 2, 2), at(input, 57, 2), at(input, 2, 37), at(input, 57, 37)];
    expect(corners).toEqual(marks.map(({ color }) => color));
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('are upright for EXIF orientation %i', async (orientation) => {
    const input = await createModelInput(await storedAs(orientation), SIZE);
    expect(input.original).toEqual({ width: 640, height: 360 });
    expect(meanDifference(input.pixels, upright.pixels)).toBeLessThan(3);
  });

  it('lie on white where the picture is transparent', async () => {
    const pixel = (alpha: number) => [0, 200, 0, alpha];
    const data = Uint8Array.from(Array.from({ length: 60 * 40 }, (_, i) => pixel(i % 60 < 30 ? 0 : 255)).flat());
    const png = await sharp(data, { raw: { ...SIZE, channels: 4 } })
      .png()
      .toBuffer();
    const input = await createModelInput(png, SIZE);
    expect(input.pixels).toHaveLength(60 * 40 * 3);
    expect(at(input, 10, 20)).toEqual([255, 255, 255]);
    expect(at(input, 50, 20)).toEqual([0, 200, 0]);
  });

  it('have three channels where the picture is gray', async () => {
    const gray = await pixelsOf(image).toColourspace('b-w').png().toBuffer();
    expect((await sharp(gray).metadata()).channels).toBe(1);
    const { pixels } = await createModelInput(gray, SIZE);
    expect(pixels).toHaveLength(60 * 40 * 3);
    for (let i = 0; i < pixels.length; i += 3) {
      expect([pixels[i + 1], pixels[i + 2]]).toEqual([pixels[i], pixels[i]]);
    }
  });

  it('have 8 bits where a PNG has 16', async () => {
    const values = Uint16Array.from({ length: 60 * 40 }, (_, i) => (i % 60 < 30 ? 0x4000 : 0xffff));
    const input = await createModelInput(writePng16({ ...SIZE, values }), SIZE);
    expect(input.pixels).toHaveLength(60 * 40 * 3);
    expect(at(input, 10, 20)).toEqual([0x40, 0x40, 0x40]);
    expect(at(input, 50, 20)).toEqual([255, 255, 255]);
  });

  it('are enlarged where the picture is smaller', async () => {
    const input = await createModelInput(
      await pixelsOf(await photo('small', 7, 5))
        .png()
        .toBuffer(),
      SIZE,
    );
    expect(input.pixels).toHaveLength(60 * 40 * 3);
  });
});

describe('refuses', () => {
  it('what cannot be decoded', async () => {
    for (const bytes of [jpeg.subarray(0, jpeg.length / 2), pngClaiming(60_000, 60_000), Buffer.from('text')]) {
      expect(await failureOf(createModelInput(bytes, SIZE))).toMatchObject({ code: 'UNDECODABLE_IMAGE' });
    }
  });

  it.each([
    { width: 0, height: 40 },
    { width: 60, height: 1.5 },
    { width: 60, height: 1025 },
  ])('sizes that cannot be: %j', async (options) => {
    await expect(createModelInput(jpeg, options)).rejects.toThrow(/must be an integer from 1 to/);
  });
});

/** The picture stored so that a viewer has to apply the orientation to see it as it was. */
async function storedAs(orientation: number): Promise<Buffer> {
  // Two steps, since sharp turns before it mirrors, whatever the order of the calls.
  const [degrees, mirror] = STORED[orientation] as (typeof STORED)[number];
  const turned = sharp(await pixelsOf(image).rotate(degrees).png().toBuffer());
  if (mirror !== undefined) turned[mirror]();
  return turned.withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
}

const STORED: Readonly<Record<number, readonly [degrees: number, mirror?: 'flip' | 'flop']>> = {
  1: [0],
  2: [0, 'flop'],
  3: [180],
  4: [0, 'flip'],
  5: [90, 'flop'],
  6: [270],
  7: [90, 'flip'],
  8: [90],
};
