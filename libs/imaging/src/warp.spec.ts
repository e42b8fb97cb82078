import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { followedBy, IDENTITY, inverse, type Affine } from './affine.js';
import { photo } from './fixtures.fixture.js';
import type { RawImage } from './raw-image.js';
import { warp } from './warp.js';

const turn = (degrees: number): Affine => {
  const [sine, cosine] = [Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180)];
  return { a: cosine, b: -sine, c: sine, d: cosine, tx: 0, ty: 0 };
};

/** 3 × 2 pixels; the red values tell them apart. */
const tiny: RawImage = {
  data: Uint8Array.from([10, 20, 30, 40, 50, 60].flatMap((red) => [red, 100, 200])),
  width: 3,
  height: 2,
  channels: 3,
};
const reds = ({ data, channels }: RawImage) => Array.from(data).filter((_, i) => i % channels === 0);

describe('warp', () => {
  it.each([
    ['nothing', IDENTITY, [10, 20, 30, 40, 50, 60]],
    ['a horizontal flip', { ...IDENTITY, a: -1 }, [30, 20, 10, 60, 50, 40]],
    ['a vertical flip', { ...IDENTITY, d: -1 }, [40, 50, 60, 10, 20, 30]],
    ['half a turn', turn(180), [60, 50, 40, 30, 20, 10]],
    ['a shift to the right', { ...IDENTITY, tx: 1 }, [0, 10, 20, 0, 40, 50]],
    ['a shift to the left and down', { ...IDENTITY, tx: -2, ty: 1 }, [0, 0, 0, 30, 0, 0]],
    ['a flip, then a shift', { ...IDENTITY, a: -1, tx: 1, ty: -1 }, [0, 60, 50, 0, 0, 0]],
    ['a shift out of the picture', { ...IDENTITY, tx: 3, ty: 9 }, [0, 0, 0, 0, 0, 0]],
    ['half a pixel to the right', { ...IDENTITY, tx: 0.5 }, [5, 15, 25, 20, 45, 55]],
  ])('is exact for %s', (_what, map, expected) => {
    expect(reds(warp(tiny, map))).toEqual(expected);
  });

  it('turns clockwise for positive angles', () => {
    const square: RawImage = {
      data: Uint8Array.from([10, 20, 30, 40].flatMap((red) => [red, 0, 0])),
      width: 2,
      height: 2,
      channels: 3,
    };
    expect(reds(warp(square, turn(90)))).toEqual([30, 10, 40, 20]);
  });

  it('keeps size and channels, never fails, and never writes to its input, for any map and size', () => {
    const maps = fc.record({
      degrees: fc.double({ min: -180, max: 180, noNaN: true }),
      factor: fc.double({ min: 0.5, max: 2, noNaN: true }),
      tx: fc.double({ min: -20, max: 20, noNaN: true }),
      ty: fc.double({ min: -20, max: 20, noNaN: true }),
    });
    const sides = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(
        maps,
        sides,
        sides,
        fc.constantFrom(3 as const, 4 as const),
        ({ degrees, factor, tx, ty }, width, height, channels) => {
          const data = new Uint8Array(width * height * channels).fill(200);
          const scaled = { ...IDENTITY, a: factor, d: factor, tx, ty };
          const warped = warp({ data, width, height, channels }, followedBy(turn(degrees), scaled));
          expect(warped).toMatchObject({ width, height, channels });
          expect(warped.data.length).toBe(data.length);
          // Interpolating one color and black gives nothing brighter.
          expect(Math.max(...warped.data)).toBeLessThanOrEqual(200);
          expect(data.every((value) => value === 200)).toBe(true);
        },
      ),
    );
  });

  it('comes back nearly to where it was, there and back', async () => {
    const image = await photo('there and back', 200, 150);
    const map = followedBy(turn(20), { ...IDENTITY, a: 1.1, d: 1.1, tx: 3.3, ty: -2.1 });
    const back = warp(warp(image, map), inverse(map));
    let [sum, count] = [0, 0];
    for (let y = 55; y < 95; y++) {
      for (let i = (y * 200 + 70) * 3; i < (y * 200 + 130) * 3; i++, count++) {
        sum += Math.abs((back.data[i] as number) - (image.data[i] as number));
      }
    }
    // The grain of the picture, which two interpolations smooth.
    expect(sum / count).toBeLessThan(4);
  });

  it('does not bleed the hidden color of transparent pixels', () => {
    const data = Uint8Array.from(
      { length: 8 * 8 * 4 },
      (_, i) => (((i >> 2) & 7) < 4 ? [255, 0, 0, 255] : [0, 255, 0, 0])[i & 3] as number,
    );
    const warped = warp({ data, width: 8, height: 8, channels: 4 }, turn(30));
    for (let i = 0; i < warped.data.length; i += 4) {
      if ((warped.data[i + 3] as number) > 0) expect([...warped.data.subarray(i, i + 3)]).toEqual([255, 0, 0]);
    }
  });
});
