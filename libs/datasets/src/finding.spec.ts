import { describe, expect, it } from '@jest/globals';
import { image, rowsOf, surveyOf } from './dataset.fixture.js';
import { findingLine } from './finding.js';
import { notAnImage } from './image-bytes.js';
import { zipOf } from './zip.fixture.js';

describe('findingLine', () => {
  const finding = {
    kind: 'unreadable',
    row: 17,
    column: 'image',
    file: 'dogs/broken.jpg',
    message: 'it is cut off',
  } as const;

  it('names row, column and file before what is wrong', () => {
    expect(findingLine(finding)).toBe('row 17, column image, dogs/broken.jpg: it is cut off');
  });

  it('leaves out what a finding does not have', () => {
    expect(findingLine({ ...finding, row: null, column: null })).toBe('dogs/broken.jpg: it is cut off');
    expect(findingLine({ ...finding, file: null })).toBe('row 17, column image: it is cut off');
    expect(findingLine({ ...finding, row: null, column: null, file: null })).toBe('it is cut off');
  });

  it('stays one line whatever files and values are called', async () => {
    const names = ['a/\r\nrow 1: all is well.png', 'a/\u2028.png', 'a/\x1b[31m.png'];
    const rows = await rowsOf(zipOf([{ name: 'a/1.png', data: image('1') }, ...names.map((name) => ({ name }))]));
    const lines = rows
      .flatMap(({ images }) => images)
      .flatMap((cell) => (cell.kind === 'none' ? findingLine(cell.finding) : []));
    expect(lines).toEqual([
      'row 2, column image, a/  row 1: all is well.png: the file is empty',
      'row 3, column image, a/ .png: the file is empty',
      'row 4, column image, a/ [31m.png: the file is empty',
    ]);
  });

  it('quotes the beginning of long values', async () => {
    const numbers = Array.from({ length: 9 }, (_, index) => `${index}`);
    const { findings } = await surveyOf(`n\n"x\n${'y'.repeat(500)}"\n${numbers.join('\n')}\n`);
    expect(findings.map(findingLine)).toEqual([`row 1, column n: "x ${'y'.repeat(48)}" is not a number`]);
  });
});

describe('notAnImage', () => {
  it.each([
    ['text', 'hello', 'the file is text, not an image'],
    [
      'SVG behind a comment',
      '<!-- made by a program -->\n<!DOCTYPE svg PUBLIC "">\n<svg xmlns="">',
      'the file is an SVG drawing, which cannot be decoded',
    ],
    ['SVG', '<?xml version="1.0"?>\n<svg xmlns="">', 'the file is an SVG drawing, which cannot be decoded'],
    ['HEIC', '\0\0\0\x18ftypheic\0\0\0\0', 'the file is a HEIC image, which cannot be decoded'],
    // A pattern that goes back over comments would need hours for these.
    ['many comments', `${'<!---->'.repeat(146)}x`, 'the file is text, not an image'],
    ['PBM', 'P4 # made by hand\n8 1\n\xff', 'the file is a PBM bitmap, which cannot be decoded'],
    ['PBM in text', 'P1#bits\n2 2\n1 0 0 1', 'the file is a PBM bitmap, which cannot be decoded'],
    ['text like PBM', 'P1 is a plan', 'the file is text, not an image'],
    ['PAM', 'P7\nWIDTH 1\n', 'the file is a PAM image, which cannot be decoded'],
    ['PDF', '%PDF-1.7', 'the file is a PDF document, which cannot be decoded'],
    ['other bytes', '\x01\x02\x03', 'the file is not an image'],
  ])('says what %s is', (_what, bytes, message) => {
    expect(notAnImage(Buffer.from(bytes, 'latin1'))).toBe(message);
  });
});
