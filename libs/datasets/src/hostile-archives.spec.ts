import { describe, expect, it } from '@jest/globals';
import { DATASET_LIMITS } from './limits.js';
import { image, imagesOf, open, rowsOf, surveyOf, valuesOf } from './dataset.fixture.js';
import { zipOf, type ZipFile } from './zip.fixture.js';

const good: ZipFile = { name: 'cats/1.png', data: image('a') };
const withFile = (file: ZipFile) => zipOf([good, file]);
const INVALID = { code: 'INVALID_ARGUMENT' };

/** Extra field of Zip64 with these numbers. */
function zip64Extra(...values: bigint[]): Buffer {
  const extra = Buffer.alloc(4 + 8 * values.length);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(8 * values.length, 2);
  for (const [index, value] of values.entries()) extra.writeBigUInt64LE(value, 4 + 8 * index);
  return extra;
}

describe('an archive is refused as a whole', () => {
  it.each([
    ['a climbing name', { name: '../x.png' }, 'leads out of its folder'],
    ['a name that climbs in the middle', { name: 'a/../../x.png' }, 'leads out of its folder'],
    ['a name that climbs with backslashes', { name: '..\\x.png' }, 'leads out of its folder'],
    ['an absolute name', { name: '/etc/passwd' }, 'is absolute'],
    ['an absolute name with backslashes', { name: '\\\\server\\x.png' }, 'is absolute'],
    ['a name with a drive', { name: 'C:\\x.png' }, 'names a drive'],
    ['a name with NUL', { name: 'a\0.png' }, 'contains a NUL character'],
    ['a name of 1,025 characters', { name: 'x'.repeat(1025) }, 'has 1,025 characters; at most 1,024'],
    ['a hidden file with a climbing name', { name: '__MACOSX/../../x' }, 'leads out of its folder'],
    ['a symbolic link', { name: 'x.png', data: '/etc/passwd', mode: 0o120777 }, 'is a link or a device'],
    ['a device', { name: 'x.png', mode: 0o020666 }, 'is a link or a device'],
    ['an encrypted file', { name: 'x.png', data: 'x', flags: 1 }, 'is encrypted'],
    ['strong encryption', { name: 'x.png', data: 'x', flags: 0x41 }, 'is encrypted'],
    ['another archive', { name: 'x.ZIP', data: 'x' }, 'contains another archive'],
    ['a compressed archive', { name: 'x.tar.gz', data: 'x' }, 'contains another archive'],
    ['an unknown method of compression', { name: 'x.png', data: 'x', method: 12 }, 'method 12'],
    ['an entry in the place of another', { name: 'x.png', data: 'x', offset: 0 }, 'overlaps'],
    ['an entry that reaches into the directory', { name: 'x.png', data: 'x', compressedSize: 60 }, 'overlaps'],
    ['an entry beyond the end', { name: 'x.png', data: 'x', offset: 1_000_000 }, 'overlaps'],
    ['a ratio above 200', { name: 'x.bmp', data: Buffer.alloc(2 * 1024 ** 2) }, 'inflates to'],
    ['Zip64 that lies about the size', { name: 'x', size: 2 ** 32 - 1, extra: zip64Extra(2n ** 50n) }, 'inflates to'],
    ['Zip64 that lies about the offset', { name: 'x', offset: 2 ** 32 - 1, extra: zip64Extra(2n ** 52n) }, 'overlaps'],
    ['Zip64 beyond what numbers hold', { name: 'x', offset: 2 ** 32 - 1, extra: zip64Extra(2n ** 63n) }, ''],
    ['Zip64 without its field', { name: 'x', compressedSize: 2 ** 32 - 1 }, ''],
    ['an extra field that is longer than all of them', { name: 'x', extra: Buffer.from([1, 0, 99, 0]) }, 'is damaged'],
  ])('for %s', async (_what, file, message) => {
    await expect(open(withFile(file))).rejects.toMatchObject({ ...INVALID, message: expect.stringContaining(message) });
  });

  it.each([
    ['that is cut in half', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2), 'is cut off'],
    ['that is cut to its first bytes', (bytes: Buffer) => bytes.subarray(0, 10), 'is cut off'],
    ['with bytes behind its end', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('x')]), 'is damaged'],
    ['without its beginning', (bytes: Buffer) => Buffer.concat([Buffer.from('PK\x03\x04'), bytes.subarray(20)]), ''],
  ])('%s', async (_what, change, message) => {
    const bytes = change(withFile({ name: 'dogs/2.png', data: image('b') }));
    await expect(open(bytes)).rejects.toMatchObject({ ...INVALID, message: expect.stringContaining(message) });
  });

  it.each([
    ['more entries than its directory declares', 1, 'contains more entries'],
    ['fewer entries than its directory declares', 3, 'is damaged'],
  ])('with %s', async (_what, count, message) => {
    const bytes = zipOf([good, { name: 'dogs/2.png', data: image('b') }], { count });
    await expect(open(bytes)).rejects.toMatchObject({ ...INVALID, message: expect.stringContaining(message) });
  });

  it.each([
    ['no entries', [], 'contains no files'],
    ['folders alone', [{ name: 'cats/' }], 'contains no files'],
    ['neither images nor a table', [{ name: 'a.txt', data: 'text' }], 'contains neither images nor a table'],
    ['the files of an office document', [{ name: '[Content_Types].xml' }, good], 'document of an office program'],
  ])('with %s', async (_what, files, message) => {
    await expect(open(zipOf(files))).rejects.toMatchObject({ ...INVALID, message: expect.stringContaining(message) });
  });

  it('with more entries than MAX_ARCHIVE_ENTRIES, before they are read', async () => {
    const bytes = zipOf([good], { count: 200_001, zip64: true });
    await expect(open(bytes)).rejects.toMatchObject({
      ...INVALID,
      message: 'The archive contains 200,001 entries; at most 200,000 are allowed. Split it.',
    });
  });

  it('whose files inflate to more than the limit together', async () => {
    const files = [good, { name: 'cats/2.png', data: image('b') }];
    const inflatedBytes = 2 * image('a').length - 1;
    await expect(open(zipOf(files), { inflatedBytes })).rejects.toMatchObject(INVALID);
    await expect(open(zipOf(files), { inflatedBytes: inflatedBytes + 1 })).resolves.toBeDefined();
  });

  it('with more images than MAX_DATASET_IMAGES', async () => {
    const files = ['1', '2', '3'].map((name) => ({ name: `a/${name}.png`, data: image(name) }));
    await expect(open(zipOf(files), { images: 2 })).rejects.toMatchObject({
      ...INVALID,
      message: 'The archive contains 3 images; at most 2 are allowed. Split it.',
    });
  });
});

describe('an archive is read', () => {
  it('with backslashes that do not climb, and with parts of names that mean nothing', async () => {
    const bytes = zipOf([good, { name: '.\\dogs\\\\2.png', data: image('b') }]);
    expect(await valuesOf(bytes)).toEqual([
      ['cats', 'cats/1.png'],
      ['dogs', 'dogs/2.png'],
    ]);
  });

  it('with names in code page 437, and in UTF-8 without its flag', async () => {
    const files = [Buffer.from('B\x84ume/1.png', 'latin1'), Buffer.from('Häuser/2.png')];
    const bytes = zipOf(files.map((name, index) => ({ name, data: image(`${index}`) })));
    expect((await valuesOf(bytes)).map(([label]) => label)).toEqual(['Bäume', 'Häuser']);
  });

  it('by its directory where local headers disagree', async () => {
    const bytes = zipOf([
      { ...good, localName: '../../etc/passwd', localExtra: Buffer.alloc(500) },
      { name: 'cats/2.png', data: image('b') },
    ]);
    expect(await valuesOf(bytes)).toEqual([
      ['cats', 'cats/1.png'],
      ['cats', 'cats/2.png'],
    ]);
    expect(await imagesOf(bytes)).toEqual([image('a'), image('b')]);
  });

  it.each([
    ['a script', '#!/bin/sh\necho PK\x05\x06\n', false],
    ['a program', 'MZ' + '\0'.repeat(70_000), false],
    ['a program whose length the offsets contain', 'MZ\0\0', true],
  ])('behind %s that unpacks it', async (_what, program, counted) => {
    const shift = counted ? program.length : 0;
    const entries = [good, { name: 'dogs/2.png', data: image('b') }];
    const bytes = Buffer.concat([Buffer.from(program, 'latin1'), zipOf(entries, { shift })]);
    expect(await imagesOf(bytes)).toEqual([image('a'), image('b')]);
  });

  it('with the sizes and offsets of Zip64', async () => {
    const extra = zip64Extra(BigInt(image('b').length));
    const bytes = zipOf([good, { name: 'cats/2.png', data: image('b'), size: 2 ** 32 - 1, extra }], { zip64: true });
    expect(await imagesOf(bytes)).toEqual([image('a'), image('b')]);
  });

  it.each([
    ['a size that is too small', { size: 10 }, 'the file inflates to more bytes than the archive declares'],
    ['a size that is too large', { size: 900 }, /^the file has \d+ bytes instead of 900, so the archive is damaged$/],
    ['data that are not compressed', { method: 8, stored: true }, 'the compressed data of the file are damaged'],
    ['a local header that reaches into the next file', { localExtraLength: 9 }, 'the archive is damaged at this file'],
  ])('up to a file with %s', async (_what, lie, message) => {
    const bytes = zipOf([
      good,
      { name: 'cats/2.png', data: image('b'), ...lie },
      { name: 'cats/3.png', data: image('c') },
    ]);
    const cells = (await rowsOf(bytes)).flatMap(({ images }) => images);
    const expected = typeof message === 'string' ? message : expect.stringMatching(message);
    expect(cells).toMatchObject([
      { kind: 'bytes', name: 'cats/1.png' },
      { kind: 'none', finding: { kind: 'unreadable', row: 2, message: expected } },
      { kind: 'bytes', name: 'cats/3.png' },
    ]);
  });

  it('up to a file that is larger than images may be', async () => {
    const dataset = await open(
      withFile({ name: 'cats/2.png', data: Buffer.concat([image('b'), Buffer.alloc(3e5, 'x')]) }),
      {
        imageBytes: 2e5,
      },
    );
    const { signal } = new AbortController();
    const { columns } = await dataset.survey({ signal });
    const cells = [];
    for await (const { images } of dataset.rows(columns, { after: 0, signal })) cells.push(...images);
    expect(cells).toMatchObject([{ kind: 'bytes' }, { kind: 'none', finding: { kind: 'too-large' } }]);
  });

  it('unless its table names a file so often that all of them inflate to more than the limit', async () => {
    const bytes = (rows: number) =>
      zipOf([
        { name: 'a.png', data: image('a') },
        { name: 't.csv', data: `f\n${'a.png\n'.repeat(rows)}` },
      ]);
    const inflatedBytes = 3 * image('a').length;
    expect(await surveyOf(bytes(3), { inflatedBytes })).toMatchObject({ rowCount: 3 });
    await expect(surveyOf(bytes(4), { inflatedBytes })).rejects.toMatchObject(INVALID);
  });

  it('with a compressed file that inflates to exactly the ratio, or to little', async () => {
    expect(DATASET_LIMITS).toMatchObject({ inflationRatio: 200, freeInflatedBytes: 1024 ** 2 });
    const flat = Buffer.concat([image('a'), Buffer.alloc(1024 ** 2 - image('a').length)]);
    expect(await surveyOf(withFile({ name: 'cats/2.png', data: flat }))).toMatchObject({ imageCount: 2 });
  });
});
