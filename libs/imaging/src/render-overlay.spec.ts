import { beforeAll, describe, expect, it } from '@jest/globals';
import { createRandom } from '@pentaprism/domain';
import { writeBitmap } from './bitmap.fixture.js';
import { sharp } from './configured-sharp.js';
import { failureOf, photo, pixelsOf, pngClaiming } from './fixtures.fixture.js';
import { writePng16 } from './png.fixture.js';
import type { RawImage } from './raw-image.js';
import { renderOverlay, type Overlay, type OverlayMap } from './render-overlay.js';

/** 7 × 7 cells, all of one value except those that are named. */
function mapOf(value: number, cells: Readonly<Record<number, number>> = {}): OverlayMap {
  const values = new Uint8Array(49).fill(value);
  for (const [cell, strength] of Object.entries(cells)) values[Number(cell)] = strength;
  return { rows: 7, columns: 7, values };
}

async function pixels({ bytes }: Overlay): Promise<RawImage> {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels as 3 };
}

/** R, G and B at a place. */
function at({ data, width }: RawImage, x: number, y: number): number[] {
  const start = (Math.floor(y) * width + Math.floor(x)) * 3;
  return [...data.subarray(start, start + 3)];
}

function expectColor(found: number[], expected: readonly number[], tolerance = 3): void {
  const off = found.map((value, i) => Math.abs(value - (expected[i] as number)));
  expect({ found, far: Math.max(...off) > tolerance }).toEqual({ found, far: false });
}

function plain(color: string, width = 210, height = 140) {
  return sharp({ create: { width, height, channels: color.length === 9 ? 4 : 3, background: color } });
}

const VIRIDIS = { lowest: [0x44, 0x01, 0x54], middle: [0x21, 0x91, 0x8c], highest: [0xfd, 0xe7, 0x25] };
/** A color on a gray, 60 % by default. */
const mixed = (color: readonly number[], gray: number, opacity = 0.6) =>
  color.map((value) => opacity * value + (1 - opacity) * gray);

describe('an overlay', () => {
  let gray: Buffer;
  beforeAll(async () => {
    gray = await plain('#808080').png().toBuffer();
  });

  it('is the gray picture where the map is 0, and its highest color at most by 60 % where it is 255', async () => {
    const nothing = await pixels(await renderOverlay(gray, mapOf(0)));
    expectColor(at(nothing, 105, 70), [128, 128, 128], 1);
    const everything = await pixels(await renderOverlay(gray, mapOf(255)));
    expectColor(at(everything, 105, 70), mixed(VIRIDIS.highest, 128));
  });

  it('has an opacity that follows the strength of the map', async () => {
    const half = await pixels(await renderOverlay(gray, mapOf(128)));
    expectColor(at(half, 105, 70), mixed(VIRIDIS.middle, 128, 0.3));
    const weak = await pixels(await renderOverlay(gray, mapOf(26)));
    expectColor(at(weak, 105, 70), mixed([0x48, 0x25, 0x76], 128, 0.06));
  });

  it('is gray where the picture has colors, with their luminance', async () => {
    for (const [color, gray] of [
      ['#ff0000', 127],
      ['#00ff00', 220],
      ['#0000ff', 76],
    ] as const) {
      const overlay = await renderOverlay(await plain(color).png().toBuffer(), mapOf(0));
      expectColor(at(await pixels(overlay), 105, 70), [gray, gray, gray]);
    }
  });

  it('has the strongest place in the middle of the strongest cell, and falls smoothly to all sides', async () => {
    // Cell 2 of row 1.
    const overlay = await pixels(await renderOverlay(gray, mapOf(0, { [7 + 2]: 255 })));
    const center = [2.5 * 30, 1.5 * 20] as const;
    const strengths = (step: readonly [number, number]) =>
      [0, 0.5, 1].map((cells) => {
        const [, green = 0, blue = 0] = at(overlay, center[0] + step[0] * cells, center[1] + step[1] * cells);
        return green - blue;
      });
    for (const step of [
      [30, 0],
      [-30, 0],
      [0, 19],
      [0, -19],
    ] as const) {
      const [strongest, between, next] = strengths(step) as [number, number, number];
      expect(strongest).toBeGreaterThan(95);
      expect(between).toBeLessThan(strongest - 20);
      expect(between).toBeGreaterThan(next + 5);
      expect(Math.abs(next)).toBeLessThan(12);
    }
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('is upright for EXIF orientation %i, and the map is not turned', async (turn) => {
    const jpeg = pixelsOf(await photo('overlay', 280, 210)).jpeg({ quality: 95 });
    const turned = await sharp(await jpeg.toBuffer())
      .withMetadata({ orientation: turn })
      .toBuffer();
    const upright = await sharp(turned).autoOrient().png().toBuffer();
    const map = mapOf(0, { 0: 255, 6: 128 });
    const [found, expected] = [await renderOverlay(turned, map), await renderOverlay(upright, map)];
    expect([found.width, found.height]).toEqual(turn > 4 ? [210, 280] : [280, 210]);
    const [one, other] = [await pixels(found), await pixels(expected)];
    const sum = one.data.reduce((all, value, i) => all + Math.abs(value - (other.data[i] as number)), 0);
    expect(sum / one.data.length).toBeLessThan(2);
  });

  it.each([
    ['a panorama', 3000, 200, 1024, 68],
    ['a tower', 200, 3000, 68, 1024],
    ['a small picture', 56, 46, 56, 46],
    ['a single pixel', 1, 1, 1, 1],
    ['a line', 3000, 1, 1024, 1],
  ])('keeps the proportions of %s (%i × %i) and is never enlarged', async (_name, width, height, wide, high) => {
    const overlay = await renderOverlay(await plain('#336699', width, height).png().toBuffer(), mapOf(200));
    expect(overlay).toMatchObject({ width: wide, height: high, mediaType: 'image/jpeg' });
    expect(await sharp(overlay.bytes).metadata()).toMatchObject({ format: 'jpeg', width: wide, height: high });
  });

  it('shows transparent places as white', async () => {
    const clear = await renderOverlay(await plain('#00000000').png().toBuffer(), mapOf(0));
    expectColor(at(await pixels(clear), 105, 70), [255, 255, 255]);
    const half = await renderOverlay(await plain('#00000080').png().toBuffer(), mapOf(255));
    expectColor(at(await pixels(half), 105, 70), mixed(VIRIDIS.highest, 127));
  });

  it('takes a map of any number of cells', async () => {
    const map = { rows: 1, columns: 2, values: Uint8Array.of(0, 255) };
    const overlay = await pixels(await renderOverlay(gray, map));
    expectColor(at(overlay, 5, 70), [128, 128, 128]);
    expectColor(at(overlay, 205, 70), mixed(VIRIDIS.highest, 128));
  });

  it.each(['jpeg', 'webp', 'gif', 'avif', 'tiff'] as const)('is made of %s', async (format) => {
    const bytes = await pixelsOf(await photo('format', 140, 70))
      .toFormat(format)
      .toBuffer();
    expect(await renderOverlay(bytes, mapOf(100))).toMatchObject({ width: 140, height: 70 });
  });

  it('is made of CMYK, of 16 bits, of a bitmap, of a PPM and of the first frame of an animation', async () => {
    const values = Uint16Array.from({ length: 140 * 70 }, (_, i) => (i % 140 < 70 ? 0x8000 : 0xffff));
    const ppm = Buffer.concat([Buffer.from('P6 140 70 255\n'), Buffer.alloc(140 * 70 * 3, 128)]);
    const frames = await sharp(Buffer.concat([Buffer.alloc(140 * 70 * 3, 128), Buffer.alloc(140 * 70 * 3, 0)]), {
      raw: { width: 140, height: 140, channels: 3, pageHeight: 70 },
    })
      .gif()
      .toBuffer();
    const cmyk = await plain('#808080', 140, 70).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    for (const bytes of [cmyk, writePng16({ width: 140, height: 70, values }), ppm, frames]) {
      const overlay = await renderOverlay(bytes, mapOf(0));
      expect(overlay).toMatchObject({ width: 140, height: 70 });
      // Ink has other grays than screens.
      expectColor(at(await pixels(overlay), 20, 35), [128, 128, 128], bytes === cmyk ? 20 : 3);
    }
    const bitmap = writeBitmap({ width: 9, height: 5, bits: 24 }, createRandom('bitmap'));
    expect(await renderOverlay(bitmap.bytes, mapOf(0))).toMatchObject({ width: 9, height: 5 });
  });
});

describe('renderOverlay rejects', () => {
  it('bytes that cannot be decoded', async () => {
    const jpeg = await pixelsOf(await photo('cut'))
      .jpeg()
      .toBuffer();
    for (const bytes of [jpeg.subarray(0, jpeg.length / 2), pngClaiming(60_000, 60_000), Buffer.from('text')]) {
      expect(await failureOf(renderOverlay(bytes, mapOf(0)))).toMatchObject({ code: 'UNDECODABLE_IMAGE' });
    }
  });

  it.each([
    { rows: 7, columns: 7, values: new Uint8Array(48) },
    { rows: 0, columns: 7, values: new Uint8Array(0) },
  ])('a map of $rows × $columns cells with a wrong number of values', async (map) => {
    await expect(renderOverlay(await plain('#808080').png().toBuffer(), map)).rejects.toThrow(/cells cannot have/);
  });
});
