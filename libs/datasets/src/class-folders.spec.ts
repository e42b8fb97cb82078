import { describe, expect, it } from '@jest/globals';
import { zipSync } from 'fflate';
import { image, imagesOf, open, rowsOf, signal, surveyOf, typesOf, valuesOf } from './dataset.fixture.js';
import { findingLine } from './finding.js';
import { zipOf } from './zip.fixture.js';

const zipOfNames = (...names: string[]) => zipOf(names.map((name) => ({ name, data: image(name) })));

describe('an archive of class folders', () => {
  it('becomes the columns class and image, in the order of the archive', async () => {
    const bytes = Buffer.from(
      zipSync({ 'cats/1.png': image('a'), 'dogs/2.png': image('b'), 'cats/3.png': image('c') }),
    );
    expect(await typesOf(bytes)).toEqual(['class: Categorical', 'image: Image']);
    expect(await valuesOf(bytes)).toEqual([
      ['cats', 'cats/1.png'],
      ['dogs', 'dogs/2.png'],
      ['cats', 'cats/3.png'],
    ]);
    expect(await imagesOf(bytes)).toEqual([image('a'), image('b'), image('c')]);
  });

  it('reports counts and classes in its survey', async () => {
    const survey = await surveyOf(zipOfNames('a/1.png', 'b/2.png', 'b/3.png'));
    expect(survey).toMatchObject({ rowCount: 3, imageCount: 3, findings: [], omitted: {} });
    expect(survey.columns).toEqual([
      expect.objectContaining({ index: 0, uniqueCount: 2, missingCount: 0, lowInformation: false, statistics: null }),
      expect.objectContaining({ index: 1, uniqueCount: 3, missingCount: 0, lowInformation: false, statistics: null }),
    ]);
  });

  it.each([
    ['a folder that contains the class folders', ['photos/cats/1.png', 'photos/dogs/2.png'], ['cats', 'dogs']],
    ['two such folders', ['a/b/cats/1.png', 'a/b/dogs/2.png'], ['cats', 'dogs']],
    ['one class in a folder', ['photos/cats/1.png', 'photos/cats/2.png'], ['cats', 'cats']],
    ['a single class', ['cats/1.png', 'cats/2.png'], ['cats', 'cats']],
    ['folders in class folders', ['cats/x/1.png', 'dogs/y/2.png'], ['cats', 'dogs']],
    ['images at different depths', ['cats/1.png', 'cats/x/2.png'], ['cats', 'cats']],
    ['names in UTF-8', ['Bäume/1.png', '猫/2.png'], ['Bäume', '猫']],
  ])('takes the class from the first folder that is left: %s', async (_what, names, classes) => {
    expect((await valuesOf(zipOfNames(...names))).map(([label]) => label)).toEqual(classes);
  });

  it('has the column image alone if no image lies in a folder', async () => {
    const bytes = zipOfNames('1.png', '2.png');
    expect(await typesOf(bytes)).toEqual(['image: Image']);
    expect(await valuesOf(bytes)).toEqual([['1.png'], ['2.png']]);
  });

  it('leaves the class of an image beside the class folders missing', async () => {
    const bytes = zipOfNames('cats/1.png', '2.png');
    expect((await valuesOf(bytes)).map(([label]) => label)).toEqual(['cats', null]);
    const { findings } = await surveyOf(bytes);
    expect(findings.map(findingLine)).toEqual(['column class: 1 of 2 values is missing (50 %)']);
  });

  it('skips folders and files that operating systems hide', async () => {
    const hidden = ['__MACOSX/cats/._1.png', 'cats/._1.png', '.DS_Store', 'cats/Thumbs.db', '.git/a.png'];
    const bytes = zipOf([
      { name: 'cats/', mode: 0o40755 },
      { name: 'cats/1.png', data: image('a') },
      ...hidden.map((name) => ({ name, data: 'x' })),
    ]);
    expect(await valuesOf(bytes)).toEqual([['cats', 'cats/1.png']]);
    expect((await surveyOf(bytes)).findings).toEqual([]);
  });

  it('recognises images by their bytes, whatever they are called', async () => {
    const bytes = zipOf([
      { name: 'cats/0001', data: image('a') },
      { name: 'cats/0002.dat', data: image('b') },
      { name: 'cats/0003.ppm', data: 'P6\n1 1\n255\nabc' },
      { name: 'cats/notes.txt', data: 'Photos of cats.' },
    ]);
    expect(await imagesOf(bytes)).toEqual([image('a'), image('b'), Buffer.from('P6\n1 1\n255\nabc')]);
    const { findings } = await surveyOf(bytes);
    expect(findings.map(findingLine)).toEqual(['cats/notes.txt: the file is not an image']);
  });

  it.each([
    ['text', { data: 'not a picture' }, 'not-an-image', 'the file is text, not an image'],
    ['a web page', { data: '<!doctype html><p>404' }, 'not-an-image', 'the file is a web page, not an image'],
    ['an archive', { data: 'PK\x03\x04' }, 'not-an-image', 'the file is an archive, which cannot be decoded'],
    ['an empty file', { data: '' }, 'empty-file', 'the file is empty'],
    ['a wrong checksum', { data: image('b'), crc: 1 }, 'unreadable', 'the checksum of the file is wrong'],
  ])('keeps a row without an image for %s that is called 2.png', async (_what, file, kind, message) => {
    const bytes = zipOf([
      { name: 'cats/1.png', data: image('a') },
      { name: 'cats/2.png', ...file },
    ]);
    const [, row] = await rowsOf(bytes);
    expect(row?.values).toEqual(['cats', 'cats/2.png']);
    expect(row?.images).toEqual([
      { kind: 'none', column: 1, finding: { kind, row: 2, column: 'image', file: 'cats/2.png', message } },
    ]);
  });

  it('keeps both rows of files whose names are equal, or differ in case or normal form only', async () => {
    const names = ['a/x.png', 'a/x.png', 'a/X.png', 'a/\u00e9.png', 'a/e\u0301.png'];
    const files = names.map((name, index) => ({ name, data: image(`${index}`) }));
    expect(await imagesOf(zipOf(files))).toEqual(files.map(({ data }) => data));
  });

  it('merges classes that differ in normal form only', async () => {
    const values = await valuesOf(zipOfNames('\u00e9/1.png', 'e\u0301/2.png'));
    expect(new Set(values.map(([label]) => label))).toEqual(new Set(['\u00e9']));
  });

  it('continues after the rows that a job has stored', async () => {
    const rows = await rowsOf(zipOfNames('a/1.png', 'b/2.png', 'c/3.png'), 2);
    expect(rows.map(({ number, values }) => [number, ...values])).toEqual([[3, 'c', 'c/3.png']]);
    expect(await valuesOf(zipOfNames('a/1.png', 'b/2.png', 'c/3.png'), 2)).toEqual([['c', 'c/3.png']]);
  });

  it('reports classes with ten times the rows of another', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `many/${index}.png`);
    const { findings } = await surveyOf(zipOfNames(...names, 'few/1.png', 'few/2.png'));
    expect(findings.map(findingLine)).toEqual(['column class: "many" has 20 rows, "few" has 2: 10 times as many']);
    expect((await surveyOf(zipOfNames(...names.slice(1), 'few/1.png', 'few/2.png'))).findings).toEqual([]);
  });

  it('opens images of rows that were read long before', async () => {
    const data = (index: number) => Buffer.concat([image(`${index}`), Buffer.alloc(1024 ** 2)]);
    const files = Array.from({ length: 40 }, (_, index) => ({
      name: `a/${index}.png`,
      data: data(index),
      stored: true,
    }));
    const rows = await rowsOf(zipOf(files));
    for (const index of [0, 39, 1]) {
      const [cell] = rows[index]?.images ?? [];
      expect(cell?.kind === 'bytes' && data(index).equals(await cell.open())).toBe(true);
    }
  });

  it('stops when its signal aborts', async () => {
    const dataset = await open(zipOfNames('a/1.png', 'b/2.png'));
    const { columns } = await dataset.survey({ signal });
    const rows = dataset.rows(columns, { after: 0, signal: AbortSignal.abort(new Error('stopped')) });
    await expect(rows.next()).rejects.toThrow('stopped');
  });
});
