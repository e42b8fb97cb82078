import { describe, expect, it } from '@jest/globals';
import { createRandom, DomainError, type Random } from '@pentaprism/domain';
import { chunk } from './fixtures.fixture.js';
import { readPng, writePng16 } from './png.fixture.js';
import { renderRadiograph } from './render-radiograph.js';

const FILES = 350;
const [WIDTH, HEIGHT] = [37, 29];
/** Of the chunk with the image data, behind signature and header. */
const DATA = 33;
const REASONS = ['damaged', 'unknown_format', 'too_many_pixels'];
/** Bytes that one change sets, removes or inserts, at most. */
const LONGEST = 24;
const SENSOR = { gamma: 2.3, slope: 65_535, offset: 0, totalGrays: 4096 };

const below = (random: Random, limit: number) => Math.floor(random() * limit);
const noise = (random: Random) =>
  Buffer.from(Array.from({ length: 1 + below(random, LONGEST) }, () => below(random, 256)));

/** Cuts the file, or flips a bit, sets, removes, inserts or repeats bytes at a random place. */
function mutated(random: Random, bytes: Buffer): Buffer {
  const at = below(random, bytes.length);
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
  const piece = noise(random);
  const flipped = Buffer.of(((tail[0] ?? 0) ^ (1 << below(random, 8))) & 0xff);
  const changed = [
    [head],
    [head, flipped, tail.subarray(1)],
    [head, piece.subarray(0, tail.length), tail.subarray(piece.length)],
    [head, tail.subarray(piece.length)],
    [head, piece, tail],
    [head, tail.subarray(0, LONGEST), tail],
  ][below(random, 6)];
  return Buffer.concat(changed ?? []);
}

/** Returns the picture, or the reason why there is none. Rethrows any other error. */
async function endOf(bytes: Buffer): Promise<Buffer | string> {
  try {
    return (await renderRadiograph(bytes, SENSOR)).content.bytes;
  } catch (error) {
    if (!DomainError.is(error, 'UNDECODABLE_IMAGE')) throw error;
    return String(error.details['reason']);
  }
}

describe.each([
  ['in one pass', false],
  ['interlaced', true],
])('a radiograph %s', (_form, interlaced) => {
  const random = createRandom(`radiographs, ${interlaced}`);
  const values = Uint16Array.from({ length: WIDTH * HEIGHT }, () => below(random, 4096));
  const whole = writePng16({ width: WIDTH, height: HEIGHT, values }, { interlaced });

  it('with accidents in its bytes is refused with a reason, or shown as the whole file is', async () => {
    const picture = await endOf(whole);
    const ends = new Map<Buffer | string, number>();
    for (let i = 0; i < FILES; i++) {
      const end = await endOf(mutated(random, whole));
      // Accidents in the names and contents of chunks that may be ignored leave the picture what it is.
      if (typeof end !== 'string') expect(end).toEqual(picture);
      const key = typeof end === 'string' ? end : 'picture';
      ends.set(key, (ends.get(key) ?? 0) + 1);
    }
    expect([...ends.keys()]).toEqual(expect.arrayContaining(['damaged']));
    expect(ends.get('damaged')).toBeGreaterThan(FILES * 0.9);
  });

  it('with other image data and a right checksum is refused with a reason, or a picture of its size', async () => {
    const [head, data, tail] = [whole.subarray(0, DATA), whole.subarray(DATA + 8, -16), whole.subarray(-12)];
    for (let i = 0; i < FILES; i++) {
      const end = await endOf(Buffer.concat([head, chunk('IDAT', mutated(random, data)), tail]));
      if (typeof end === 'string') expect(end).toBe('damaged');
      else expect(readPng(end)).toMatchObject({ width: WIDTH, height: HEIGHT });
    }
  });

  it('with another header and a right checksum is refused with a reason, or a picture of that size', async () => {
    const [head, header, tail] = [whole.subarray(0, 8), whole.subarray(16, 29), whole.subarray(33)];
    for (let i = 0; i < FILES; i++) {
      const changed = Buffer.from(header);
      for (let left = 1 + below(random, 2); left > 0; left--)
        changed[below(random, header.length)] = below(random, 256);
      const end = await endOf(Buffer.concat([head, chunk('IHDR', changed), tail]));
      if (typeof end === 'string') expect(REASONS).toContain(end);
      else expect(readPng(end)).toMatchObject({ width: changed.readUInt32BE(0), height: changed.readUInt32BE(4) });
    }
  });
});
