import { beforeAll, describe, expect, it } from '@jest/globals';
import { resolveTransformations, TRANSFORMATIONS, type TransformationName } from '@pentaprism/domain';
import { augmentImages } from './augment-image.js';
import { createAugmentedInputs } from './augmented-inputs.js';
import { sharp } from './configured-sharp.js';
import { failureOf, photo, pixelsOf, pngClaiming } from './fixtures.fixture.js';
import { createModelInput } from './model-input.js';

const SIZE = { width: 60, height: 40 };
const ALL = TRANSFORMATIONS.map(({ name }) => name);
const options = (names: readonly TransformationName[], seeds: string[], probability = 1) => ({
  ...SIZE,
  transformations: resolveTransformations(names.map((name) => ({ name }))),
  probability,
  seeds,
});

let jpeg: Buffer;
beforeAll(async () => {
  jpeg = await pixelsOf(await photo('inputs', 640, 360))
    .jpeg({ quality: 95 })
    .toBuffer();
});

function meanDifference(one: Uint8Array, two: Uint8Array): number {
  expect(one).toHaveLength(two.length);
  return one.reduce((sum, value, index) => sum + Math.abs(value - (two[index] as number)), 0) / one.length;
}

const rgb = (color: string) => ({ create: { ...SIZE, channels: 4 as const, background: color } });

describe('augmented inputs', () => {
  it('are the same for the same seed, whatever else is made, and others for another', async () => {
    const seeds = ['a', 'b', 'c', 'd'];
    const first = await createAugmentedInputs(jpeg, options(ALL, seeds));
    const again = await createAugmentedInputs(jpeg, options(ALL, ['d', 'b']));
    expect(again).toEqual([first[3], first[1]]);
    expect(new Set(first.map((pixels) => Buffer.from(pixels).toString('base64'))).size).toBe(4);
  });

  it.each([
    [640, 360],
    [360, 640],
    // Long ones keep what they have across.
    [1200, 60],
    // A small one is enlarged, as always.
    [30, 20],
  ])('are the plain input where nothing is applied: %i × %i', async (width, height) => {
    const bytes = await pixelsOf(await photo('plain', width, height))
      .png()
      .toBuffer();
    const [input] = await createAugmentedInputs(bytes, options(['rotation', 'noise'], ['a'], 0));
    const { pixels } = await createModelInput(bytes, SIZE);
    expect(meanDifference(input as Uint8Array, pixels)).toBeLessThan(2);
  });

  it('look like the samples that users are shown', async () => {
    const seeds = ['a', 'b', 'c', 'd', 'e', 'f'];
    const names = ALL.filter((name) => name !== 'noise');
    const inputs = await createAugmentedInputs(jpeg, options(names, seeds));
    const samples = await augmentImages(jpeg, options(names, seeds));
    const [plain] = await createAugmentedInputs(jpeg, options([], ['a']));
    for (const [i, input] of inputs.entries()) {
      const { pixels } = await createModelInput(samples[i]?.bytes as Buffer, SIZE);
      expect(meanDifference(input, pixels)).toBeLessThan(8);
      expect(meanDifference(input, plain as Uint8Array)).toBeGreaterThan(20);
    }
  });

  it('are upright, and lie on white where the picture is transparent', async () => {
    const turned = await sharp(jpeg).withMetadata({ orientation: 6 }).toBuffer();
    const [input] = await createAugmentedInputs(turned, options([], ['a']));
    expect(meanDifference(input as Uint8Array, (await createModelInput(turned, SIZE)).pixels)).toBeLessThan(2);
    const clear = await sharp(rgb('#00c80000')).png().toBuffer();
    const [white] = await createAugmentedInputs(clear, options(['rotation', 'shift'], ['a']));
    expect(white).toEqual(new Uint8Array(60 * 40 * 3).fill(255));
  });
});

describe('refuses', () => {
  it('what cannot be decoded', async () => {
    for (const bytes of [jpeg.subarray(0, jpeg.length / 2), pngClaiming(60_000, 60_000), Buffer.from('text')]) {
      const failure = await failureOf(createAugmentedInputs(bytes, options([], ['a'])));
      expect(failure).toMatchObject({ code: 'UNDECODABLE_IMAGE' });
    }
  });

  it('sizes that cannot be', async () => {
    const wrong = { ...options([], ['a']), width: 1025 };
    await expect(createAugmentedInputs(jpeg, wrong)).rejects.toThrow(/width must be an integer from 1 to/);
  });
});
