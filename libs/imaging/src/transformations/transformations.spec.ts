import { beforeAll, describe, expect, it } from '@jest/globals';
import type { AppliedTransformation } from '@pentaprism/domain';
import { photo } from '../fixtures.fixture.js';
import type { RawImage } from '../raw-image.js';
import { applyPlan } from './index.js';

const EACH: readonly AppliedTransformation[] = [
  { name: 'horizontal_flip' },
  { name: 'vertical_flip' },
  { name: 'rotation', degrees: 20 },
  { name: 'scale', factor: 1.2 },
  { name: 'shift', x: 0.1, y: -0.2 },
  { name: 'blur', filterSize: 5 },
  { name: 'brightness', change: 0.2 },
  { name: 'contrast', change: -0.2 },
  { name: 'noise', standardDeviation: 0.1, seed: 7 },
  { name: 'cutout', holes: [{ centerX: 0.5, centerY: 0.5, width: 20, height: 10 }] },
];

let image: RawImage;
beforeAll(async () => {
  // One reference pixel is one pixel of this size.
  image = await photo('transformations', 224, 160);
});

const apply = (...plan: AppliedTransformation[]) => applyPlan(image, plan);
const mean = ({ data }: RawImage) => data.reduce((sum, value) => sum + value, 0) / data.length;
const deviation = (one: RawImage, two: RawImage) => {
  const squares = one.data.reduce((sum, value, i) => sum + (value - (two.data[i] as number)) ** 2, 0);
  return Math.sqrt(squares / one.data.length);
};
const pixel = ({ data, width, channels }: RawImage, x: number, y: number) => {
  const at = (y * width + x) * channels;
  return [...data.subarray(at, at + channels)];
};
/** Mean difference between horizontal neighbours: how much detail there is. */
const detail = ({ data, channels }: RawImage) =>
  data.reduce((sum, value, i) => sum + Math.abs(value - (data[i + channels] ?? value)), 0) / data.length;

function withAlpha({ data, width, height }: RawImage, alpha: number): RawImage {
  const rgba = Uint8Array.from({ length: width * height * 4 }, (_, i) =>
    i % 4 === 3 ? alpha : (data[Math.floor(i / 4) * 3 + (i % 4)] as number),
  );
  return { data: rgba, width, height, channels: 4 };
}

describe('every transformation', () => {
  it.each(EACH)('$name changes the picture, repeatably, and not the original', async (applied) => {
    const before = Uint8Array.from(image.data);
    const [one, two] = [await apply(applied), await apply(applied)];
    expect(deviation(one, image)).toBeGreaterThan(1);
    expect(Buffer.from(one.data).equals(Buffer.from(two.data))).toBe(true);
    expect(one).toMatchObject({ width: 224, height: 160, channels: 3 });
    expect(Buffer.from(image.data).equals(Buffer.from(before))).toBe(true);
  });

  it.each(EACH)('$name treats colors alike with and without an opaque alpha channel', async (applied) => {
    // Noise draws its values in the order of the channels.
    if (applied.name === 'noise') return;
    const opaque = await applyPlan(withAlpha(image, 255), [applied]);
    const plain = await apply(applied);
    for (let y = 40; y < 120; y += 7) {
      for (let x = 60; x < 164; x += 7) {
        const [rgba, rgb] = [pixel(opaque, x, y), pixel(plain, x, y)];
        expect(rgba[3]).toBe(255);
        rgb.forEach((value, i) => expect(Math.abs(value - (rgba[i] as number))).toBeLessThanOrEqual(2));
      }
    }
  });
});

describe('each does what it says', () => {
  it('brightness', async () => {
    const [brighter, darker] = [
      await apply({ name: 'brightness', change: 0.2 }),
      await apply({ name: 'brightness', change: -0.5 }),
    ];
    expect(mean(brighter)).toBeGreaterThan(mean(image) * 1.1);
    expect(mean(darker)).toBeCloseTo(mean(image) * 0.5, 0);
  });

  it('contrast', async () => {
    const flat = await apply({ name: 'contrast', change: -0.9 });
    const gray = { ...image, data: new Uint8Array(image.data.length).fill(Math.round(mean(image))) };
    expect(mean(flat)).toBeCloseTo(mean(image), 0);
    expect(deviation(flat, gray)).toBeCloseTo(deviation(image, gray) * 0.1, 0);
  });

  it('noise, of the given deviation, without a change of the mean', async () => {
    const middle = { ...image, data: new Uint8Array(image.data.length).fill(128) };
    const noisy = await applyPlan(middle, [{ name: 'noise', standardDeviation: 0.1, seed: 5 }]);
    expect(deviation(noisy, middle)).toBeCloseTo(25.5, 0);
    expect(Math.abs(mean(noisy) - 128)).toBeLessThan(0.5);
    const other = await applyPlan(middle, [{ name: 'noise', standardDeviation: 0.1, seed: 6 }]);
    // Independent noises differ by √2 of their deviation.
    expect(deviation(noisy, other)).toBeCloseTo(25.5 * Math.SQRT2, 0);
  });

  it('blur, more for larger filters', async () => {
    const [small, large] = [
      await apply({ name: 'blur', filterSize: 3 }),
      await apply({ name: 'blur', filterSize: 15 }),
    ];
    expect(detail(small)).toBeLessThan(detail(image) * 0.7);
    expect(deviation(large, image)).toBeGreaterThan(deviation(small, image) * 1.1);
    // The border's pixels weigh more, since they stand for what is beyond them.
    expect(Math.abs(mean(large) - mean(image))).toBeLessThan(4);
  });

  it('cutout: black exactly there', async () => {
    const cut = await apply({ name: 'cutout', holes: [{ centerX: 0.5, centerY: 0.5, width: 20, height: 10 }] });
    const expected = Uint8Array.from(image.data, (value, i) => {
      const [x, y] = [Math.floor(i / 3) % 224, Math.floor(i / 3 / 224)];
      return x >= 102 && x < 122 && y >= 75 && y < 85 ? 0 : value;
    });
    expect(Buffer.from(cut.data).equals(Buffer.from(expected))).toBe(true);
  });

  it('cutout: at every border, and larger than the picture', async () => {
    const holes = [0, 0.999].flatMap((centerX) =>
      [0, 0.999].map((centerY) => ({ centerX, centerY, width: 8, height: 8 })),
    );
    const cut = await apply({ name: 'cutout', holes });
    for (const [x, y] of [
      [0, 0],
      [223, 0],
      [0, 159],
      [223, 159],
    ] as const)
      expect(pixel(cut, x, y)).toEqual([0, 0, 0]);
    const all = await apply({ name: 'cutout', holes: [{ centerX: 0.5, centerY: 0.5, width: 999, height: 999 }] });
    expect(mean(all)).toBe(0);
  });

  it('shift, by shares of the size, leaving black', async () => {
    const shifted = await apply({ name: 'shift', x: 0.25, y: -0.1 });
    expect(pixel(shifted, 60, 20)).toEqual(pixel(image, 60 - 56, 20 + 16));
    expect(pixel(shifted, 55, 20)).toEqual([0, 0, 0]);
    expect(pixel(shifted, 60, 144)).toEqual([0, 0, 0]);
  });

  it('scale: what was half-way to the border comes to the border', async () => {
    const scaled = await apply({ name: 'scale', factor: 2 });
    const [got, was] = [pixel(scaled, 2, 80), pixel(image, 57, 80)];
    got.forEach((value, i) => expect(Math.abs(value - (was[i] as number))).toBeLessThan(16));
    expect(pixel(await apply({ name: 'scale', factor: 0.5 }), 50, 80)).toEqual([0, 0, 0]);
  });

  it('rotation leaves black corners, or transparent ones', async () => {
    const plan: AppliedTransformation[] = [{ name: 'rotation', degrees: 30 }];
    expect(pixel(await applyPlan(image, plan), 0, 0)).toEqual([0, 0, 0]);
    expect(pixel(await applyPlan(withAlpha(image, 255), plan), 0, 0)).toEqual([0, 0, 0, 0]);
  });
});

describe('a plan', () => {
  it('interpolates adjacent geometry once: there and back again is the original', async () => {
    const back = await apply({ name: 'rotation', degrees: 37 }, { name: 'rotation', degrees: -37 });
    expect(deviation(back, image)).toBeLessThan(0.5);
  });

  it('follows its order', async () => {
    const hole = { name: 'cutout', holes: [{ centerX: 0, centerY: 0.5, width: 20, height: 20 }] } as const;
    expect(pixel(await apply({ name: 'horizontal_flip' }, hole), 0, 80)).toEqual([0, 0, 0]);
    expect(pixel(await apply(hole, { name: 'horizontal_flip' }), 223, 80)).toEqual([0, 0, 0]);
  });
});
