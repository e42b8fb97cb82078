import { describe, expect, it } from '@jest/globals';
import { base64, image, imagesOf, open, rowsOf, surveyOf, typesOf, valuesOf } from './dataset.fixture.js';
import { findingLine } from './finding.js';
import { zipOf, type ZipFile } from './zip.fixture.js';

const INVALID = { code: 'INVALID_ARGUMENT' };
const picture = (name: string): ZipFile => ({ name, data: image(name) });
const archive = (table: string, ...names: string[]) =>
  zipOf([{ name: 'labels.csv', data: table }, ...names.map(picture)]);

describe('an archive with a table', () => {
  it('has an image column where cells name files', async () => {
    const bytes = archive('file,label\nimages/0.png,cat\nimages/1.png,dog\n', 'images/0.png', 'images/1.png');
    expect(await typesOf(bytes)).toEqual(['file: Image', 'label: Categorical']);
    expect(await imagesOf(bytes)).toEqual([image('images/0.png'), image('images/1.png')]);
    expect(await surveyOf(bytes)).toMatchObject({ rowCount: 2, imageCount: 2, findings: [] });
  });

  it.each([
    ['./images/0.png'],
    ['.\\images\\0.png'],
    ['images\\0.png'],
    ['/images//0.png'],
    [' images/0.png '],
    ['Images/0.PNG'],
  ])('finds images/0.png by the name "%s"', async (name) => {
    expect(await valuesOf(archive(`file,n\n${name},1\n`, 'images/0.png'))).toEqual([['images/0.png', '1']]);
  });

  it('finds files relative to the folder of the table, and to the archive', async () => {
    const table = 'a,b\nimages/0.png,set/images/0.png\n';
    const bytes = zipOf([{ name: 'set/labels.tsv', data: table }, picture('set/images/0.png'), { name: 'README.md' }]);
    expect(await valuesOf(bytes)).toEqual([['set/images/0.png', 'set/images/0.png']]);
  });

  it('finds a name in another normal form, and none that several files could have', async () => {
    const bytes = archive('f\ne\u0301.png\nX.PNG\ne\u0301.png', '\u00e9.png', 'x.png', 'X.png');
    expect(await imagesOf(bytes)).toEqual([image('\u00e9.png'), 'missing-file', image('\u00e9.png')]);
  });

  it('finds an image in any folder by its bare name, if only one has this name', async () => {
    const bytes = archive('f,n\n1.png,1\n2.PNG,2\n3.png,3\nx/1.png,4\n', 'a/1.png', 'a/2.png', 'a/3.png', 'b/3.png');
    const missing = 'missing-file';
    expect(await imagesOf(bytes)).toEqual([image('a/1.png'), image('a/2.png'), missing, missing]);
  });

  it('takes the last of files with equal names, as programs that unpack do', async () => {
    const files = [
      { name: 't.csv', data: 'f\na.png' },
      { name: 'a.png', data: image('1') },
      { name: 'a.png', data: image('2') },
    ];
    expect(await imagesOf(zipOf(files))).toEqual([image('2')]);
  });

  it('reads a file for each row that names it', async () => {
    expect(await imagesOf(archive('f\na.png\na.png', 'a.png'))).toEqual([image('a.png'), image('a.png')]);
  });

  it('keeps rows whose file is missing, and reports files that no row names', async () => {
    const bytes = archive('f,n\na.png,1\nb.png,2\n,3\nc.png,4\n', 'a.png', 'c.png', 'd.png');
    const cells = (await rowsOf(bytes)).flatMap(({ images }) => images);
    expect(cells.flatMap((cell) => (cell.kind === 'none' ? findingLine(cell.finding) : []))).toEqual([
      'row 2, column f: the archive does not contain "b.png"',
      'row 3, column f: the cell is empty',
    ]);
    const { findings } = await surveyOf(bytes);
    expect(findings.map(findingLine)).toEqual(['d.png: no row of the table names the file']);
  });

  it('refuses two tables at its root', async () => {
    const bytes = zipOf([{ name: 'a.csv', data: 'f\nx' }, { name: 'b.csv', data: 'f\nx' }, picture('x.png')]);
    await expect(open(bytes)).rejects.toMatchObject({
      ...INVALID,
      message: 'The archive has 2 tables at its root: "a.csv", "b.csv". Leave one of them.',
    });
  });

  it('takes a table in a class folder for another file', async () => {
    const bytes = zipOf([picture('cats/1.png'), picture('dogs/2.png'), { name: 'dogs/meta.csv', data: 'a,b\n1,2' }]);
    expect(await typesOf(bytes)).toEqual(['class: Categorical', 'image: Image']);
    expect((await surveyOf(bytes)).findings.map(findingLine)).toEqual(['dogs/meta.csv: the file is not an image']);
  });

  it('refuses a table that names none of the images', async () => {
    await expect(surveyOf(archive('f,n\n0,1\n1,2\n', 'a.png'))).rejects.toMatchObject({
      ...INVALID,
      message:
        'No column of "labels.csv" names the images of the archive, such as "a.png". Add a column with their paths, or leave the table out.',
    });
  });

  it('is read as its table if it contains no images, or if the table has images of its own', async () => {
    expect(await typesOf(archive('f,n\n0,x\n1,y\n', 'a.txt'))).toEqual(['f: Numeric', 'n: Categorical']);
    const own = archive(`f\n${base64('b')}\n`, 'a.png');
    expect(await imagesOf(own)).toEqual([image('b')]);
    expect((await surveyOf(own)).findings.map(findingLine)).toEqual(['a.png: no row of the table names the file']);
  });

  it('refuses a table whose bytes are damaged', async () => {
    const bytes = zipOf([{ name: 'a.csv', data: 'f,n\n0,1\n1,2\n', crc: 1 }]);
    await expect(surveyOf(bytes)).rejects.toMatchObject({
      ...INVALID,
      message: '"a.csv" in the archive is damaged. Pack and upload it again.',
    });
  });

  it.each([
    ['that inflates to more than is declared', { size: 5 }],
    ['that inflates to less than is declared', { size: 50 }],
    ['that is not compressed as declared', { stored: true, method: 8 }],
  ])('refuses a table %s', async (_what, lie) => {
    await expect(surveyOf(zipOf([{ name: 'a.csv', data: 'f,n\n0,1\n1,2\n', ...lie }]))).rejects.toMatchObject(INVALID);
  });
});
