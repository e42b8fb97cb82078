import { describe, expect, it } from '@jest/globals';
import { DomainError } from '@pentaprism/domain';
import sharp from 'sharp';
import { analyseImage } from './analyse-image.js';
import { explainDamage } from './cut-off.js';

const WIDTH = 400;
const HEIGHT = 300;
const noise = () =>
  sharp({
    create: {
      width: WIDTH,
      height: HEIGHT,
      channels: 3,
      background: '#888',
      noise: { type: 'gaussian', mean: 128, sigma: 40 },
    },
  });

/** The error of a file whose first part is left. */
async function errorOf(file: Buffer, part: number): Promise<DomainError> {
  const bytes = file.subarray(0, Math.round(file.length * part));
  const error: unknown = await analyseImage(bytes).catch((caught: unknown) => explainDamage(caught, bytes));
  if (!DomainError.is(error)) throw new Error('it was decoded');
  return error;
}

const percentOf = ({ message }: DomainError) => Number(/ends after (\d+) %/.exec(message)?.[1]);

describe('the error of a file that is cut off', () => {
  it.each([0.2, 0.5, 0.8])('says where the pixels of a JPEG end: after %d of them', async (part) => {
    const error = await errorOf(await noise().jpeg().toBuffer(), part);
    expect(error.details).toEqual({ reason: 'cut_off' });
    expect(Math.abs(percentOf(error) - part * 100)).toBeLessThan(8);
  });

  it.each([
    ['PNG', () => noise().png()],
    ['progressive JPEG', () => noise().jpeg({ progressive: true })],
  ])('says that a %s is cut off, and not after how much', async (_what, encode) => {
    expect((await errorOf(await encode().toBuffer(), 0.5)).message).toBe('The file is cut off.');
  });

  it('says how much of a WebP there is', async () => {
    expect((await errorOf(await noise().webp().toBuffer(), 0.5)).message).toBe(
      'The file is cut off (ends after 50 %).',
    );
  });

  it('is left as it is where the file has its end', async () => {
    const file = await noise().png().toBuffer();
    const middle = Math.floor(file.length / 2);
    file.fill(0, middle, middle + 200);
    const error = await errorOf(file, 1);
    expect(error.details).toEqual({ reason: 'damaged' });
  });
});
