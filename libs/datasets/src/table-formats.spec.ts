import { describe, expect, it } from '@jest/globals';
import { open, rowsOf, surveyOf, typesOf, valuesOf } from './dataset.fixture.js';

const INVALID = { code: 'INVALID_ARGUMENT' };
const namesOf = async (table: string | Buffer) => (await surveyOf(table)).columns.map(({ name }) => name);

describe('a table is decoded', () => {
  const text = 'Name,größe\nÄ€😀,ü\nx,y\n';
  const utf16 = Buffer.from(text, 'utf16le');
  it.each([
    ['UTF-8', Buffer.from(text)],
    ['UTF-8 with its mark', Buffer.from(`\ufeff${text}`)],
    ['UTF-16 LE with its mark', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16 BE with its mark', Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
    ['UTF-16 LE without a mark', utf16],
    ['UTF-16 BE without a mark', Buffer.from(utf16).swap16()],
  ])('from %s', async (_what, bytes) => {
    expect(await namesOf(bytes)).toEqual(['Name', 'größe']);
    expect(await valuesOf(bytes)).toEqual([
      ['Ä€😀', 'ü'],
      ['x', 'y'],
    ]);
  });

  it('from Windows-1252, which contains Latin-1, where it is not UTF-8', async () => {
    const bytes = Buffer.from('Name,gr\xf6\xdfe\n\x80,\xfc\n', 'latin1');
    expect(await namesOf(bytes)).toEqual(['Name', 'größe']);
    expect(await valuesOf(bytes)).toEqual([['€', 'ü']]);
  });

  it('alike wherever its bytes are cut', async () => {
    const rows = Array.from({ length: 4_000 }, (_, index) => `é${index},${'😀é'.repeat(index % 60)}!`);
    const values = await valuesOf(Buffer.from(`a,b\n${rows.join('\n')}`));
    expect(values).toHaveLength(4_000);
    expect(values.map((cells) => cells.join(','))).toEqual(rows);
  });

  it('from UTF-8 with a damaged character far behind the first ones', async () => {
    const rows = Array.from({ length: 4_000 }, (_, index) => `é${index},${'x'.repeat(100)}`);
    const bytes = Buffer.concat([Buffer.from(`a,b\n${rows.join('\n')}\n`), Buffer.from([0xff]), Buffer.from(',é\n')]);
    expect((await valuesOf(bytes)).at(-1)).toEqual(['\ufffd', 'é']);
  });
});

describe('a table is split', () => {
  it.each([
    ['commas', 'a,b\n1,2\n'],
    ['semicolons, with decimal commas', 'a;b\n1;2\n'],
    ['tabs', 'a\tb\n1\t2\n'],
    ['bars', 'a|b\n1|2\n'],
    ['CR LF', 'a,b\r\n1,2\r\n'],
    ['CR', 'a,b\r1,2\r'],
    ['mixed line breaks', 'a,b\r\n1,2\n'],
    ['no line break at the end', 'a,b\n1,2'],
    ['empty lines', '\na,b\n\n1,2\n\n\n'],
    ['quotes around everything', '"a","b"\r\n"1","2"\r\n'],
    ['spaces behind quotes', '"a" ,"b"\n"1" ,"2" \n'],
  ])('at %s', async (_what, table) => {
    expect(await namesOf(table)).toEqual(['a', 'b']);
    expect(await valuesOf(table)).toEqual([['1', '2']]);
  });

  it('at the separator that all rows agree on', async () => {
    expect(await valuesOf('a;text\n1;x, y, z\n2;u, v\n')).toEqual([
      ['1', 'x, y, z'],
      ['2', 'u, v'],
    ]);
    expect(await valuesOf('a,text\n1,x; y; z\n2,u; v\n')).toEqual([
      ['1', 'x; y; z'],
      ['2', 'u; v'],
    ]);
  });

  it.each([
    ['sep=;\r\n', ';'],
    ['"sep=,"\n', ','],
    ['\ufeffSEP=\t\n', '\t'],
    ['sep=^\n', '^'],
  ])('at the separator that the first line %j declares', async (line, separator) => {
    const table = line + ['a|b,c', '1|2,3', '4|5,6'].join('\n').replaceAll(',', separator);
    expect(await namesOf(table)).toEqual(['a|b', 'c']);
    expect(await rowsOf(table, 1)).toEqual([{ number: 2, values: ['4|5', '6'], images: [] }]);
  });

  it('nowhere if it has one column', async () => {
    expect(await valuesOf('text\nx, y\n1;2\n"a ""b"""\n')).toEqual([['x, y'], ['1;2'], ['a "b"']]);
  });

  it('with separators, quotes and line breaks inside of quotes', async () => {
    expect(await valuesOf('a,b\n"x,""y""\r\nz","\n"\n')).toEqual([['x,"y"\r\nz', null]]);
    expect(await valuesOf('a,b\n5" pipe,x"y\n')).toEqual([['5" pipe', 'x"y']]);
  });

  it('with an empty cell in quotes as the only one of a row', async () => {
    expect(await valuesOf('a\n1\n""\n\n2\n')).toEqual([['1'], [null], ['2']]);
  });

  it('with missing cells at the end of short rows', async () => {
    expect(await valuesOf('a,b,c\n1,2,3\n4\n5,6\n')).toEqual([
      ['1', '2', '3'],
      ['4', null, null],
      ['5', '6', null],
    ]);
  });

  it('without empty cells in surplus', async () => {
    expect(await valuesOf('a,b\n1,2,,\n')).toEqual([['1', '2']]);
  });

  it('into the rows behind those that a job has stored', async () => {
    expect(await rowsOf('a\n1\n2\n3\n', 2)).toEqual([{ number: 3, values: ['3'], images: [] }]);
  });
});

describe('columns', () => {
  it('get names that differ', async () => {
    expect(await namesOf('image,image,,image.1, a ,a,image\n1,2,3,4,5,6,7\n')).toEqual([
      'image',
      'image.2',
      'column 3',
      'image.1',
      'a',
      'a.1',
      'image.3',
    ]);
  });

  it('get names within the limit where long ones are equal', async () => {
    const long = 'x'.repeat(255);
    expect(await namesOf(`${long},${long}\n1,2\n`)).toEqual([long, `${'x'.repeat(253)}.1`]);
  });

  it.each([
    ['Numeric', ['1', '-2.5', '+3e5', '.5', '1.', ' 7 ']],
    ['Categorical', ['1,5', '2,5']],
    ['Categorical', ['0x1f', '1_000']],
    ['Boolean', ['True', 'false', 'TRUE']],
    ['Date', ['2024-02-29', '2023-01-01T12:30:00Z', '2023/1/5 08:00']],
    ['Date', ['31.12.2024', '1/2/2023', '12/31/24', '31.12.24']],
    ['Date', ['1/31/2024 3:04 PM', '01-Jan-2024', '5 March 24', 'Jan 31, 2024', 'September 1 2024, 10:00']],
    ['Categorical', ['31 Foo 2024', 'June', 'May 1', '30 Feb 2024']],
    ['Categorical', ['2023-02-29', '2024-13-01']],
    ['Multicategorical', ['["a","b"]', '[]', '[1]']],
    ['Categorical', ["['a']", '["a"']],
    ['Text', ['x'.repeat(64), 'y'.repeat(64)]],
    ['Categorical', ['', 'NA']],
  ])('are %s for values such as %j', async (type, values) => {
    const table = `n,v\n${values.map((value, index) => `${index},"${value.replaceAll('"', '""')}"`).join('\n')}\n`;
    expect((await typesOf(table))[1]).toBe(`v: ${type}`);
  });

  it('have decimal commas if the separator is another one', async () => {
    const table = 'n;m;text;ip\n1,5;1;1,5 kg;10.123.001.100\n-0,25;2,5;a;10.123.001.100\n1.234,5;1.234;1,5;10.1.1.1\n';
    expect(await surveyOf(table)).toMatchObject({
      columns: [
        { type: 'Numeric', statistics: { min: -0.25, max: 1234.5 } },
        { type: 'Numeric', statistics: { min: 1, max: 1234 } },
        { type: 'Categorical' },
        { type: 'Categorical' },
      ],
      findings: [],
    });
    expect(await valuesOf(table)).toEqual([
      ['1.5', '1', '1,5 kg', '10.123.001.100'],
      ['-0.25', '2.5', 'a', '10.123.001.100'],
      ['1234.5', '1234', '1,5', '10.1.1.1'],
    ]);
  });

  it('have no decimal commas if they may separate thousands', async () => {
    expect(await typesOf('n\tm\n1,234\t1\n12,345\t2\n')).toEqual(['n: Categorical', 'm: Numeric']);
  });

  it('have no decimal commas if a number of the table has a decimal point', async () => {
    expect(await typesOf('n;m\n1,5;1\n2,5;1.5\n')).toEqual(['n: Categorical', 'm: Numeric']);
    // Not thousands, which begin with another digit.
    expect(await typesOf('n;m\n10,20;0.875\n2,5;0.125\n')).toEqual(['n: Categorical', 'm: Numeric']);
  });

  it('have low information if they are constant, empty or identifiers', async () => {
    const rows = Array.from({ length: 20 }, (_, index) => `x,,id${index},${index % 2 === 0 ? 'a' : 'b'},${index}`);
    const { columns } = await surveyOf(`constant,empty,id,kind,number\n${rows.join('\n')}`);
    expect(columns.filter(({ lowInformation }) => lowInformation).map(({ name }) => name)).toEqual([
      'constant',
      'empty',
      'id',
    ]);
  });
});

describe('a table is refused', () => {
  it.each([
    ['no rows', 'a,b\n', 'The table has a header, but no rows. Upload at least one row.'],
    [
      'a row with cells in surplus',
      'a,b\n1,2\n1,2,3\n',
      'Row 2 of the table has 3 cells, but the header has 2. Put values that contain the separator in quotes.',
    ],
    [
      'a quote that is not closed',
      'a,b\n1,"x\ny"\n2,"z\n3,4\n',
      'The quote that is opened in line 4 of the table is never closed. Close it.',
    ],
    [
      'text behind a closing quote',
      'a,b\n1,2\n"x"y,2\n',
      'Line 3 of the table has text behind a closing quote. Write quotes inside a cell twice.',
    ],
  ])('with %s', async (_what, table, message) => {
    await expect(surveyOf(table)).rejects.toMatchObject({ ...INVALID, message });
  });

  it.each([
    ['is empty', '', 'The upload is empty.'],
    ['contains line breaks alone', '\n\r\n', 'The table is empty.'],
    [
      'is in UTF-32',
      Buffer.from('\ufeffa\0,\0b\0'.replace('\ufeff', '\ufeff\0'), 'utf16le'),
      'in UTF-32. Save it as UTF-8.',
    ],
    ['is binary', Buffer.from([1, 2, 0, 0, 5, 9, 0]), 'The upload is neither an archive nor a table.'],
    ['is binary without NUL', Buffer.from([0x80, 4, 0x95, 1, 200, 10, 2, 44, 7]), 'is neither an archive nor a table.'],
    ['is an image', Buffer.from('\x89PNG\r\n\x1a\n\0\0', 'latin1'), 'The upload is a single image.'],
    ['is compressed by gzip', Buffer.from([0x1f, 0x8b, 8, 0]), 'The upload is compressed by gzip.'],
    [
      'is a TAR archive',
      Buffer.concat([Buffer.alloc(257, 'a'), Buffer.from('ustar\0')]),
      'The upload is a TAR archive.',
    ],
    ['is a web page', '<!DOCTYPE html>\n<p>Not found</p>', 'The upload is a web page'],
    ['is JSON', '[{"a": 1}, {"a": 2}]', 'The upload is JSON.'],
  ])('if the upload %s', async (_what, bytes, message) => {
    await expect(open(bytes)).rejects.toMatchObject({ ...INVALID, message: expect.stringContaining(message) });
  });
});
