import { describe, expect, it } from '@jest/globals';
import { distance, photo, pixelsOf } from './fixtures.fixture.js';
import { readImageHeader } from './image-header.js';
import { perceptualHash } from './perceptual-hash.js';
import { decodeWithin } from './raw-image.js';

const decoded = async (bytes: Buffer) => decodeWithin(bytes, await readImageHeader(bytes), 256);

describe('perceptualHash', () => {
  it('is stable under another size, format and quality', async () => {
    for (const seed of ['one', 'two', 'three']) {
      const original = await photo(seed, 480, 360);
      const hash = await perceptualHash(original);
      const variants = [
        await pixelsOf(original).resize(200).jpeg({ quality: 40 }).toBuffer(),
        await pixelsOf(original).resize(640, 512, { fit: 'fill' }).webp({ quality: 50 }).toBuffer(),
        await pixelsOf(original).modulate({ brightness: 1.1 }).jpeg().toBuffer(),
      ];
      for (const variant of variants) {
        expect(distance(hash, await perceptualHash(await decoded(variant)))).toBeLessThanOrEqual(8);
      }
    }
  });

  it('is far for different photos', async () => {
    const hashes = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => perceptualHash(await photo(`photo ${i}`))),
    );
    const distances = hashes.flatMap((one, i) => hashes.slice(i + 1).map((two) => distance(one, two)));
    expect(Math.min(...distances)).toBeGreaterThanOrEqual(14);
  });

  it('is far for the same photo turned upside down or mirrored', async () => {
    const original = await photo('turned');
    const [hash, flipped, mirrored] = [
      await perceptualHash(original),
      await perceptualHash(await decoded(await pixelsOf(original).flip().png().toBuffer())),
      await perceptualHash(await decoded(await pixelsOf(original).flop().png().toBuffer())),
    ];
    expect(Math.min(distance(hash, flipped), distance(hash, mirrored))).toBeGreaterThanOrEqual(14);
  });

  it('is zero for one color, whatever it is', async () => {
    for (const value of [0, 77, 255]) {
      const data = new Uint8Array(64 * 48 * 3).fill(value);
      expect(await perceptualHash({ data, width: 64, height: 48, channels: 3 })).toBe('0000000000000000');
    }
  });
});
