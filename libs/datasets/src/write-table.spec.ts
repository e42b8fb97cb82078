import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DatasetColumn } from './dataset.js';
import { base64, open, rowsOf, signal, valuesOf } from './dataset.fixture.js';
import { isMissing } from './cell-values.js';
import { tableLine, writeTable } from './write-table.js';

const columnsOf = (names: string[]): DatasetColumn[] =>
  names.map((name, index) => ({
    index,
    name,
    type: 'Text',
    uniqueCount: 0,
    missingCount: 0,
    lowInformation: false,
    statistics: null,
  }));

async function written(names: string[], rows: (string | null)[][]): Promise<Buffer> {
  const blocks: Buffer[] = [];
  const source = async function* () {
    for (const values of rows) yield await Promise.resolve({ values });
  };
  for await (const block of writeTable(columnsOf(names), source())) blocks.push(block);
  return Buffer.concat(blocks);
}

describe('writeTable', () => {
  it('writes UTF-8 CSV with a header', async () => {
    const bytes = await written(
      ['a', 'b'],
      [
        ['x,y', null],
        ['say "é"', '2'],
      ],
    );
    expect(bytes.toString()).toBe('a,b\n"x,y",\n"say ""é""",2\n');
  });

  it('writes a missing value of the only column as a row', () => {
    expect(tableLine([null])).toBe('""\n');
  });

  it('is read again as the same values', async () => {
    const character = fc.constantFrom(...'ab,;|\t"\n\r =é猫😀\u001f\ufeff');
    const value = fc.string({ unit: character, maxLength: 8 }).map((text) => (isMissing(text) ? null : text));
    const table = fc
      .integer({ min: 1, max: 4 })
      .chain((width) =>
        fc.array(fc.array(value, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 9 }),
      );
    await fc.assert(
      fc.asyncProperty(table, async (rows) => {
        const names = rows[0]?.map((_, index) => `name; ${index}`) ?? [];
        expect(await valuesOf(await written(names, rows))).toEqual(rows);
      }),
    );
  });

  it('leaves out base64', async () => {
    const table = `class,image\ncat,${base64('a')}\n`;
    const dataset = await open(table);
    const { columns } = await dataset.survey({ signal });
    const lines = (await rowsOf(table)).map(({ values }) => tableLine(values));
    expect([tableLine(columns.map(({ name }) => name)), ...lines]).toEqual(['class,image\n', 'cat,\n']);
  });
});
