import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DomainError } from '@pentaprism/domain';
import { DATASET_LIMITS } from './limits.js';
import { RowParser } from './row-parser.js';

/** Returns all rows, or the message of the refusal. */
function parse(pieces: readonly string[]): string[][] | string {
  const parser = new RowParser(',', DATASET_LIMITS);
  try {
    return [...pieces.flatMap((piece) => parser.push(piece)), ...parser.end()];
  } catch (error) {
    if (DomainError.is(error)) return error.message;
    throw error;
  }
}

const text = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' '), maxLength: 30 });

describe('RowParser', () => {
  it('gives the same rows wherever the text is cut', () => {
    fc.assert(
      fc.property(text, (whole) => {
        expect(parse(Array.from(whole))).toEqual(parse([whole]));
      }),
      { numRuns: 2_000 },
    );
  });

  it('reads back what is written with every cell in quotes', () => {
    const rows = fc.array(fc.array(text, { minLength: 1, maxLength: 5 }), { maxLength: 5 });
    fc.assert(
      fc.property(rows, fc.constantFrom('\n', '\r\n', '\r'), (cells, lineBreak) => {
        const written = cells.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',') + lineBreak);
        expect(parse([written.join('')])).toEqual(cells);
      }),
    );
  });

  it('names the line of a quote that is not closed, whatever is in the rows before', () => {
    const closed = fc.string({ unit: fc.constantFrom('a', '""', ',', '\n'), maxLength: 20 });
    fc.assert(
      fc.property(closed, (cell) => {
        const start = `x,"${cell}"\n`;
        const line = start.split('\n').length;
        expect(parse([`${start}y,"z\n`])).toContain(`in line ${line} of the table is never closed`);
      }),
    );
  });
});
