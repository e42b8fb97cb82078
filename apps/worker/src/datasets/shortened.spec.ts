import { describe, expect, it } from '@jest/globals';
import { finding, MAX_FINDING_LENGTH, MAX_IMAGE_LABEL_LENGTH } from '@pentaprism/contracts';
import { cut, shortened } from './shortened.js';
import { findingOfUndecodable } from './undecodable-finding.js';

describe('shortened', () => {
  it('makes texts fit into their contract', () => {
    const long = {
      kind: 'unreadable',
      row: 1,
      column: 'a',
      file: 'x'.repeat(2000),
      message: 'y'.repeat(2000),
    } as const;
    const short = finding.parse(shortened(long));
    expect([short.file?.length, short.message.length]).toEqual([MAX_IMAGE_LABEL_LENGTH, MAX_FINDING_LENGTH]);
    expect(short.file?.endsWith('…')).toBe(true);
  });

  it('leaves texts that fit as they are', () => {
    const fits = { kind: 'tiny', row: 1, column: 'a', file: null, message: 'small' } as const;
    expect(shortened(fits)).toEqual(fits);
  });

  it('replaces control characters, which would break a line', () => {
    expect(cut('a\n\u0001b', 9)).toBe('a  b');
  });

  it('never cuts a character into halves', () => {
    expect(cut('ab😀cd', 4)).toBe('ab…');
  });
});

describe('findingOfUndecodable', () => {
  it.each([
    ['empty', 'empty-file'],
    ['too_many_pixels', 'too-large'],
    ['unknown_format', 'not-an-image'],
    ['damaged', 'unreadable'],
    ['cut_off', 'cut-off'],
    ['a reason of a later version', 'unreadable'],
    [undefined, 'unreadable'],
  ])('takes the reason %s for %s', (code, kind) => {
    expect(findingOfUndecodable('It claims 9 pages.', code)).toEqual({ kind, message: 'it claims 9 pages' });
  });
});
