import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DatasetColumn } from './dataset.js';
import { base64, bufferSource, open, rowsOf, signal, valuesOf } from './dataset.fixture.js';
import { isMissing } from './cell-values.js';
import { storedValues } from './stored-table.js';
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

async function storedOf(bytes: Buffer, columns: number[]): Promise<(string | null)[][]> {
  const found: (string | null)[][] = [];
  const wanted = columns.map((index) => ({ index }));
  for await (const { number, values } of storedValues(bufferSource(bytes), wanted, { signal })) {
    expect(number).toBe(found.push(values));
  }
  return found;
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
        const bytes = await written(names, rows);
        expect(await valuesOf(bytes)).toEqual(rows);
        expect(await storedOf(bytes, [...names.keys()])).toEqual(rows);
      }),
    );
  });

  it.each(['NA', 'none', '?', ' ', 'a\0b', '<html>', 'PK\x03\x04', '\ufeff1'])(
    'stores %j in a header and in a cell as it is',
    async (text) => {
      const bytes = await written([text], [[text], [null], ['x']]);
      expect(await storedOf(bytes, [0])).toEqual([[text], [null], ['x']]);
    },
  );

  it('is stored so that chosen columns can be read in any order', async () => {
    const rows = [
      ['a', null, 'é😀\n,'],
      [null, 'b', 'c'],
    ];
    expect(await storedOf(await written(['x', 'y', 'z'], rows), [2, 0])).toEqual([
      ['é😀\n,', 'a'],
      ['c', null],
    ]);
  });

  it('leaves out base64', async () => {
    const table = `class,image\ncat,${base64('a')}\n`;
    const dataset = await open(table);
    const { columns } = await dataset.survey({ signal });
    const lines = (await rowsOf(table)).map(({ values }) => tableLine(values));
    expect([tableLine(columns.map(({ name }) => name)), ...lines]).toEqual(['class,image\n', 'cat,\n']);
  });
});
