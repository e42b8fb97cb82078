import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeBase64 } from './base64.js';

it('reads what Node writes', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(decodeBase64(Buffer.from(bytes).toString('base64'))).toEqual(Buffer.from(bytes));
    }),
  );
});

it.each(['A', 'AA', 'AAA', 'AAAAA', 'AA=A', '=AAA', 'A===', 'AAA-', 'AA_A', 'AA A', 'AAA\n', '!!!!'])(
  'refuses %j',
  (text) => {
    expect(decodeBase64(text)).toBeNull();
  },
);
