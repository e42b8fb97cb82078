import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { resolveTransformations, TRANSFORMATIONS, type TransformationName } from '@pentaprism/domain';
import { augmentImages } from './augment-image.js';
import { sharp } from './configured-sharp.js';
import { failureOf, photo, pixelsOf, pngClaiming } from './fixtures.fixture.js';
import { AUGMENTED_MAX_SIDE } from './limits.js';

const ALL = TRANSFORMATIONS.map(({ name }) => name);
const options = (names: readonly TransformationName[], seeds: string[], probability = 1) => ({
  transformations: resolveTransformations(names.map((name) => ({ name }))),
  probability,
  seeds,
});

let jpeg: Buffer;
let transparent: Buffer;
beforeAll(async () => {
  jpeg = await pixelsOf(await photo('augment', 160, 120))
    .jpeg({ quality: 95 })
    .toBuffer();
  const mask = Buffer.from(Uint8Array.from({ length: 160 * 120 }, (_, i) => (i % 160 < 80 ? 255 : 90)));
  transparent = await pixelsOf(await photo('augment', 160, 120))
    .joinChannel(mask, { raw: { width: 160, height: 120, channels: 1 } })
    .png()
    .toBuffer();
});

describe('augmentImages', () => {
  it.each(ALL)('gives the same bytes for the same seed, and others for another: %s', async (name) => {
    const seeds = ['a', 'b', 'c', 'd', 'e', 'f'];
    const first = await augmentImages(jpeg, options([name], seeds));
    // In another order, and not all of them: no picture depends on those that were made before it.
    const again = await augmentImages(jpeg, options([name], ['f', 'b']));
    expect(again[0]?.bytes.equals(first[5]?.bytes as Buffer)).toBe(true);
    expect(again[1]?.bytes.equals(first[1]?.bytes as Buffer)).toBe(true);
    expect(new Set(first.map(({ bytes }) => bytes.toString('base64'))).size).toBeGreaterThan(1);
  });

  it('encodes the original anew where nothing is applied', async () => {
    const [image] = await augmentImages(jpeg, options(['rotation', 'noise'], ['a'], 0));
    expect(image).toMatchObject({ applied: [], mediaType: 'image/jpeg', width: 160, height: 120 });
    const [before, after] = [await sharp(jpeg).raw().toBuffer(), await sharp(image?.bytes).raw().toBuffer()];
    const difference =
      before.reduce((sum, value, i) => sum + Math.abs(value - (after[i] as number)), 0) / before.length;
    expect(difference).toBeLessThan(3);
  });

  it('tells what it applied, in the order of the catalogue', async () => {
    const [image] = await augmentImages(jpeg, options([...ALL].reverse(), ['x'], 1));
    const names = image?.applied.map(({ name }) => name) ?? [];
    expect(names.length).toBeGreaterThanOrEqual(8);
    expect(names).toEqual(ALL.filter((name) => names.includes(name)));
  });

  it('keeps the size, and reduces what is large', async () => {
    const large = await pixelsOf(await photo('large', 1500, 700))
      .jpeg()
      .toBuffer();
    const [image] = await augmentImages(large, options(['rotation'], ['a']));
    expect(image).toMatchObject({ width: AUGMENTED_MAX_SIDE, height: 478 });
    expect(await sharp(image?.bytes).metadata()).toMatchObject({
      width: AUGMENTED_MAX_SIDE,
      height: 478,
      format: 'jpeg',
    });
  });

  it('starts from the upright picture', async () => {
    const turned = await sharp(jpeg).withMetadata({ orientation: 6 }).toBuffer();
    const [image] = await augmentImages(turned, options([], ['a']));
    expect(image).toMatchObject({ width: 120, height: 160 });
    expect((await sharp(image?.bytes).metadata()).orientation).toBeUndefined();
  });

  it('keeps transparency, as PNG', async () => {
    for (const image of await augmentImages(transparent, options(ALL, ['a', 'b', 'c']))) {
      expect(image.mediaType).toBe('image/png');
      expect(await sharp(image.bytes).metadata()).toMatchObject({
        format: 'png',
        hasAlpha: true,
        width: 160,
        height: 120,
      });
    }
  });

  it('makes JPEG of an alpha channel that is opaque everywhere', async () => {
    const opaque = await sharp(jpeg).ensureAlpha().png().toBuffer();
    const [one] = await augmentImages(opaque, options(['rotation'], ['a']));
    const [two] = await augmentImages(await sharp(jpeg).png().toBuffer(), options(['rotation'], ['a']));
    expect(one?.mediaType).toBe('image/jpeg');
    expect(one?.bytes.equals(two?.bytes as Buffer)).toBe(true);
  });

  it('refuses what cannot be decoded, as analysis does', async () => {
    const bomb = await failureOf(augmentImages(pngClaiming(60_000, 60_000), options([], ['a'])));
    expect(bomb).toMatchObject({ code: 'UNDECODABLE_IMAGE', reason: 'too_many_pixels' });
    const cut = await failureOf(augmentImages(jpeg.subarray(0, jpeg.length / 2), options([], ['a'])));
    expect(cut).toMatchObject({ code: 'UNDECODABLE_IMAGE', reason: 'damaged' });
  });

  it('works for any subset of transformations and any small size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.subarray([...ALL]),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        fc.string(),
        async (names, width, height, seed) => {
          const png = await pixelsOf(await photo('any', width, height))
            .png()
            .toBuffer();
          const [image] = await augmentImages(png, options(names, [seed], 0.8));
          expect(image).toMatchObject({ seed, width, height });
        },
      ),
      { numRuns: 40 },
    );
  });
});
