import { describe, expect, it } from '@jest/globals';
import { base64, image, imagesOf, rowsOf, surveyOf, typesOf, valuesOf } from './dataset.fixture.js';
import { findingLine } from './finding.js';

const lines = (...rows: string[]) => rows.join('\n');
const linesOf = async (table: string) => (await surveyOf(table)).findings.map(findingLine);

describe('a table', () => {
  it('becomes columns with types', async () => {
    const table = lines(
      'image,size,kind,ok,day,labels,note',
      `${base64('a')},1.5,cat,true,2024-01-31,"[""x"",""y""]",a long note about this very picture`,
      `${base64('b')},2,dog,False,2024-02-29,[],another long note about that other picture`,
    );
    expect(await typesOf(table)).toEqual([
      'image: Image',
      'size: Numeric',
      'kind: Categorical',
      'ok: Boolean',
      'day: Date',
      'labels: Multicategorical',
      'note: Text',
    ]);
    expect((await valuesOf(table))[0]).toEqual([
      null,
      '1.5',
      'cat',
      'true',
      '2024-01-31',
      '["x","y"]',
      'a long note about this very picture',
    ]);
  });

  it('is a dataset without images, too', async () => {
    const survey = await surveyOf('a,b\n1,x\n2,y\n');
    expect(survey).toMatchObject({ rowCount: 2, imageCount: 0 });
    expect(await rowsOf('a,b\n1,x\n')).toEqual([{ number: 1, values: ['1', 'x'], images: [] }]);
  });

  it('has the values of each column that has two short ones', async () => {
    const long = 'x'.repeat(1001);
    const { columns } = await surveyOf(lines('n;two;many;long', '1,5;a;a;a', '2,5;b;b;a', 'NA;a;c;' + long));
    expect(columns.map(({ values }) => values)).toEqual([['1.5', '2.5'], ['a', 'b'], undefined, undefined]);
  });

  it.each(['', ' ', 'NA', 'N/A', 'n/a', 'NaN', 'null', 'None', '?'])(
    'takes "%s" for a missing value',
    async (value) => {
      expect(await valuesOf(`a,b\n1,${value}\n`)).toEqual([['1', null]]);
    },
  );

  it('reports missing values of each column with their share', async () => {
    expect(await linesOf(lines('a,b', '1,', '2,x', 'NA,y'))).toEqual([
      'column a: 1 of 3 values is missing (33 %)',
      'column b: 1 of 3 values is missing (33 %)',
    ]);
  });

  it('calculates statistics of numbers', async () => {
    const { columns } = await surveyOf(lines('n', '4', '1', '3', '2', 'NA', '10'));
    expect(columns[0]).toMatchObject({ uniqueCount: 5, missingCount: 1 });
    expect(columns[0]?.statistics).toEqual({ min: 1, max: 10, mean: 4, median: 3, standardDeviation: Math.sqrt(12.5) });
  });

  it('reports each value that is not a number in a column of numbers', async () => {
    expect(
      await linesOf(lines('n;m', '1;1', '2;2', '1,5;3', '4;4', '1e400;5', '6;6', '7;7', '8;8', '9;9', '0;0')),
    ).toEqual(['row 3, column n: "1,5" is not a number', 'row 5, column n: "1e400" is not a number']);
  });

  it('takes formulas of spreadsheets for text like any other', async () => {
    const table = lines('a', '"=HYPERLINK(""http://x.example"",""y"")"', '=1+1');
    expect(await typesOf(table)).toEqual(['a: Categorical']);
    expect(await valuesOf(table)).toEqual([['=HYPERLINK("http://x.example","y")'], ['=1+1']]);
  });

  it('finds images in several columns', async () => {
    const table = lines('left,right', `${base64('a')},${base64('b')}`, `${base64('c')},`);
    const rows = await rowsOf(table);
    expect(rows.map(({ images }) => images.map(({ column, kind }) => [column, kind]))).toEqual([
      [
        [0, 'bytes'],
        [1, 'bytes'],
      ],
      [
        [0, 'bytes'],
        [1, 'none'],
      ],
    ]);
    expect(await surveyOf(table)).toMatchObject({ imageCount: 3 });
  });

  it.each([
    ['line breaks', (text: string) => `"${text.replace(/.{20}/g, '$&\r\n')}"`],
    ['no padding', (text: string) => text.replace(/=+$/, '')],
    ['the alphabet for URLs', (text: string) => text.replaceAll('+', '-').replaceAll('/', '_')],
    ['the head of a data URL', (text: string) => `"data:image/png;base64,${text}"`],
    ['the head of a data URL that is not in quotes', (text: string) => `data:image/png;base64,${text}`],
  ])('reads base64 with %s', async (_what, change) => {
    expect(await imagesOf(lines('n,image', `1,${change(base64('?>~'))}`))).toEqual([image('?>~')]);
  });

  it('keeps a row without an image where a cell of an image column is something else', async () => {
    const table = lines(
      'i',
      base64('a'),
      base64('b'),
      base64('c'),
      'cat.png',
      'hello world!',
      'aGVsbG8=',
      '""',
      base64('d'),
    );
    expect(await imagesOf(table)).toEqual([
      image('a'),
      image('b'),
      image('c'),
      'missing-file',
      'not-an-image',
      'not-an-image',
      'missing-image',
      image('d'),
    ]);
    const rows = await rowsOf(table);
    expect(
      rows.flatMap(({ images }) => images).flatMap((cell) => (cell.kind === 'none' ? findingLine(cell.finding) : [])),
    ).toEqual([
      'row 4, column i: "cat.png" is the name of a file, but the table was uploaded without files',
      'row 5, column i: the value is not the base64 of an image',
      'row 6, column i: the value is base64, but the file is text, not an image',
      'row 7, column i: the cell is empty',
    ]);
  });

  it('takes a column for images if half of its values are', async () => {
    const rows = (images: number, texts: number) =>
      lines(
        'n,v',
        ...Array.from({ length: images }, (_, index) => `1,${base64(`${index}`)}`),
        ...Array<string>(texts).fill('1,x'),
      );
    expect(await typesOf(rows(2, 2))).toContain('v: Image');
    expect(await typesOf(rows(2, 3))).not.toContain('v: Image');
  });

  it('finds addresses of images by their paths, or by the name of the column', async () => {
    const paths = lines('a', 'https://x.example/1.JPG?size=2', 'http://x.example/2.png');
    expect(await imagesOf(paths)).toEqual(['https://x.example/1.JPG?size=2', 'http://x.example/2.png']);
    expect(await typesOf(lines('photoUrl', 'https://x.example/1', 'https://x.example/2'))).toEqual(['photoUrl: Image']);
    expect(await typesOf(lines('page', 'https://x.example/1', 'https://x.example/2'))).toEqual(['page: Categorical']);
  });
});
