import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Base64Error, decodeBase64, readBase64 } from './base64.js';

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

describe('readBase64', () => {
  const bytes = Buffer.from('the bytes of a picture, on two lines');
  const base64 = bytes.toString('base64');
  const lines = base64.replace(/.{12}/g, '$&\r\n');

  it.each([base64, lines, `\n    ${lines}\n  `, ` \r\n\t${base64}\n\n`, `\t${base64}\t`])('reads %j', (text) => {
    expect(readBase64(text)).toEqual(bytes);
  });

  it.each([
    base64.replace(/.{4}/, '$& '),
    ` ${base64}`,
    `${base64} `,
    `${base64} \n`,
    lines.replace('\n', '\n '),
    Buffer.from('fbefbe'.repeat(9), 'hex').toString('base64').replaceAll('+', ' '),
  ])('reports the spaces in %j', (text) => {
    expect(() => readBase64(text)).toThrow(expect.objectContaining({ reason: 'spaces' }));
  });

  it('reads 3 MB of line breaks and spaces in linear time', () => {
    const run = '\n '.repeat(1_500_000);
    expect(readBase64(run + base64 + run)).toEqual(bytes);
    expect(() => readBase64(`A${run}A`)).toThrow(expect.objectContaining({ reason: 'spaces' }));
  });

  it.each(['A', 'AAAA=', '_-_-', 'AA\u00a0AA', '!!!!'])('refuses %j', (text) => {
    expect(() => readBase64(text)).toThrow(Base64Error);
  });
});
