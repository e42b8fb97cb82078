import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { verdictOf } from './png.fixture.js';

/** Willem van Schaik's PngSuite of 2017-07-19, beside the repository: http://www.schaik.com/pngsuite/ */
const FOLDER = fileURLToPath(new URL('../../../../shared/data/pngsuite/', import.meta.url));
const present = existsSync(FOLDER);
if (!present) console.warn('PngSuite is not there: its tests are skipped.');
const suite = present ? it : it.skip;

/** Names end in interlacing, color type and depth. */
const TAKEN = [
  'basi0g16',
  'basn0g16',
  'g03n0g16',
  'g04n0g16',
  'g05n0g16',
  'g07n0g16',
  'g10n0g16',
  'g25n0g16',
  'oi1n0g16',
  'oi2n0g16',
  'oi4n0g16',
  'oi9n0g16',
  'tbwn0g16',
];

/** Files that are corrupt on purpose. */
const CORRUPT = {
  // Color types 1 and 9.
  xc1n0g08: 'UNSUPPORTED_MEDIA_TYPE pixel_format',
  xc9n2c08: 'UNSUPPORTED_MEDIA_TYPE pixel_format',
  // Depths 0, 3 and 99.
  xd0n2c08: 'UNSUPPORTED_MEDIA_TYPE pixel_format',
  xd3n2c08: 'UNSUPPORTED_MEDIA_TYPE pixel_format',
  xd9n2c08: 'UNSUPPORTED_MEDIA_TYPE pixel_format',
  // Bytes of the signature, line ends among them.
  xcrn0g04: 'UNSUPPORTED_MEDIA_TYPE not_png',
  xlfn0g04: 'UNSUPPORTED_MEDIA_TYPE not_png',
  xs1n0g01: 'UNSUPPORTED_MEDIA_TYPE not_png',
  xs2n0g01: 'UNSUPPORTED_MEDIA_TYPE not_png',
  xs4n0g01: 'UNSUPPORTED_MEDIA_TYPE not_png',
  xs7n0g01: 'UNSUPPORTED_MEDIA_TYPE not_png',
  // A wrong checksum and no image data, but behind a header of one bit per pixel.
  xcsn0g01: 'UNSUPPORTED_MEDIA_TYPE pixel_format',
  xdtn0g01: 'UNSUPPORTED_MEDIA_TYPE pixel_format',
  // A wrong checksum of the header: of 8 bits, but it cannot be believed.
  xhdn0g08: 'INVALID_ARGUMENT checksum',
};

describe('PngSuite', () => {
  suite('is taken where it is 16-bit grayscale, and refused with the right code elsewhere', async () => {
    const names = readdirSync(FOLDER)
      .filter((name) => name.endsWith('.png'))
      .map((name) => name.slice(0, -4));
    expect(names).toEqual(expect.arrayContaining([...TAKEN, ...Object.keys(CORRUPT)]));
    const expected = {
      ...Object.fromEntries(names.map((name) => [name, 'UNSUPPORTED_MEDIA_TYPE pixel_format'])),
      ...Object.fromEntries(TAKEN.map((name) => [name, 'accepted'])),
      ...CORRUPT,
    };
    const verdicts: Record<string, string> = {};
    for (const name of names) verdicts[name] = await verdictOf(readFileSync(`${FOLDER}${name}.png`), 32 * 32);
    expect(verdicts).toEqual(expected);
  });
});
