import { expect, it } from '@jest/globals';
import { analyseImage } from './analyse-image.js';
import { sharp } from './configured-sharp.js';
import { failureOf } from './fixtures.fixture.js';

const SCREEN = Buffer.from([2, 0, 2, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 255]);
const COMMENT = Buffer.from([0x21, 0xfe, 2, 0x2c, 0x2c, 0]);

/** A frame of one color: red, or blue. Without pixels, it has no code but that for its end. */
function frame(width: number, height: number, isBlue = false): Buffer {
  const head = Buffer.from([0x2c, 0, 0, 0, 0, width, 0, height, 0, 0, 2]);
  // The first code forgets what was learnt, so that codes stay 3 bits long. The lowest bit comes first.
  const codes = [...Array<number[]>(width * height).fill([4, isBlue ? 1 : 0]).flat(), 5]; // prettier-ignore
  const bits = codes.map((code) => code.toString(2).padStart(3, '0')).reverse().join(''); // prettier-ignore
  const bytes = Array.from({ length: Math.ceil(bits.length / 8) }, (_, i) =>
    Number.parseInt(bits.slice(Math.max(0, bits.length - 8 * (i + 1)), bits.length - 8 * i), 2),
  );
  return Buffer.concat([head, Buffer.from([bytes.length, ...bytes, 0])]);
}

const gif = (...blocks: Buffer[]) => Buffer.concat([Buffer.from('GIF89a'), SCREEN, ...blocks, Buffer.from(';')]);

it.each([
  ['the first frame', gif(frame(2, 2), frame(2, 2, true)), [255, 0, 0]],
  ['the first frame, behind a comment', gif(COMMENT, frame(2, 2, true)), [0, 0, 255]],
  ['the second frame, where the first one has no pixels', gif(frame(0, 0), frame(2, 2, true)), [0, 0, 255]],
  [
    'the third frame, where the others have no pixels',
    gif(frame(0, 2), COMMENT, frame(2, 0), frame(2, 2)),
    [255, 0, 0],
  ],
] as const)('shows %s', async (_name, bytes, color) => {
  const { thumbnail, width, height } = await analyseImage(bytes);
  expect([width, height]).toEqual([2, 2]);
  const pixels = await sharp(thumbnail.bytes).removeAlpha().raw().toBuffer();
  for (const [i, value] of color.entries()) expect(Math.abs((pixels[i] as number) - value)).toBeLessThanOrEqual(8);
});

it.each([
  ['without frames', gif()],
  ['whose frames have no pixels', gif(frame(0, 0), frame(0, 2))],
  ['that ends within a frame without pixels', gif(frame(0, 0)).subarray(0, 27)],
])('refuses a GIF %s', async (_name, bytes) => {
  expect(await failureOf(analyseImage(bytes))).toMatchObject({ code: 'UNDECODABLE_IMAGE', reason: 'damaged' });
});
