import { describe, expect, it } from '@jest/globals';
import type { Image } from '@pentaprism/contracts';
import {
  imageCreateInput,
  imageListQuery,
  imageRecord,
  imageUpdateInput,
  tagCreateInput,
  tagUpdateInput,
  toBound,
  toImageRecord,
  toPage,
  uploadCreateInput,
} from './wire.js';

const image: Image = {
  id: '0123456789abcdef01234567',
  number: 7,
  projectId: 'fedcba9876543210fedcba98',
  fileName: 'a.png',
  createdBy: 'camera',
  createdAt: 1_700_000_000_999,
  uploadedAt: 1_700_000_001_000,
  size: 12,
  tags: [
    { id: '000000000000000000000001', number: 1, name: 'b' },
    { id: '000000000000000000000002', number: 2, name: 'a' },
    { id: '000000000000000000000003', number: 3, name: 'B' },
  ],
  sha256: 'a'.repeat(64),
};

describe('toImageRecord', () => {
  it('has exactly the documented members, whole seconds, and tags in alphabetical order', () => {
    const record = toImageRecord(image, 'http://x/files');
    expect(record).toEqual({
      id: 7,
      created_by: 'camera',
      created_timestamp: 1_700_000_000,
      filename: 'a.png',
      size: 12,
      tags: [
        { id: 2, name: 'a' },
        { id: 3, name: 'B' },
        { id: 1, name: 'b' },
      ],
      uploaded_timestamp: 1_700_000_001,
      url: 'http://x/files',
    });
    expect(imageRecord.strict().parse(record)).toEqual(record);
  });

  it('says why the file is no picture, where it is none', () => {
    const record = toImageRecord({ ...image, undecodable: 'The file is empty.' }, 'http://x/files');
    expect(record).toMatchObject({ undecodable_reason: 'The file is empty.' });
    expect(imageRecord.strict().parse(record)).toEqual(record);
  });

  it('has neither time nor address while there is no file', () => {
    const record = toImageRecord({ ...image, uploadedAt: null, sha256: null }, null);
    expect(record).toMatchObject({ uploaded_timestamp: null, url: null });
  });
});

describe('toPage', () => {
  it.each([
    [0, 100, 0, false],
    [0, 10, 10, false],
    [0, 10, 11, true],
    [1, 10, 20, false],
    [1, 10, 21, true],
    [5, 10, 21, false],
  ])('page %i of %i a page and %i in all: more pages %s', (page, limit, total, more) => {
    expect(toPage([], { page, limit }, total)).toEqual({
      results: [],
      meta: { current_page: page, has_more_pages: more, total_results: total },
    });
  });
});

describe('toBound', () => {
  it('takes 0 for no bound', () => {
    expect([toBound(0), toBound(undefined), toBound(1), toBound(-1)]).toEqual([undefined, undefined, 1, -1]);
  });
});

describe('imageListQuery', () => {
  it('has defaults', () => {
    expect(imageListQuery.parse({})).toEqual({ limit: 100, page: 0, uploaded_only: false });
  });

  it('reads what is written', () => {
    const query = {
      limit: '1',
      page: '3',
      start_timestamp: '-2147483648',
      end_timestamp: '2147483647',
      uploaded_only: '1',
    };
    expect(imageListQuery.parse({ ...query, unknown: 'x' })).toEqual({
      limit: 1,
      page: 3,
      start_timestamp: -2_147_483_648,
      end_timestamp: 2_147_483_647,
      uploaded_only: true,
    });
  });

  it.each([
    { limit: '0' },
    { limit: '101' },
    { limit: '1.0' },
    { limit: '1e1' },
    { limit: ' 1' },
    { limit: '' },
    { limit: ['1', '2'] },
    { limit: { $gt: '1' } },
    { page: '-1' },
    { page: '2147483648' },
    { start_timestamp: '2147483648' },
    { end_timestamp: '-2147483649' },
    { uploaded_only: 'yes' },
    { uploaded_only: 'True' },
  ])('refuses %j', (query) => {
    expect(imageListQuery.safeParse(query).success).toBe(false);
  });
});

describe('imageCreateInput', () => {
  it('demands nothing and ignores what it does not know', () => {
    expect(imageCreateInput.parse({ id: 5 })).toEqual({ filename: '', size: 0, tags: [] });
  });

  it.each([
    [[]],
    [null],
    [undefined],
    ['text'],
    [{ filename: 1 }],
    [{ filename: null }],
    [{ filename: 'x'.repeat(256) }],
    [{ size: -1 }],
    [{ size: 1.5 }],
    [{ size: '1' }],
    [{ size: 2 ** 53 }],
    [{ tags: 'a' }],
    [{ tags: [''] }],
    [{ tags: [null] }],
    [{ tags: ['x'.repeat(161)] }],
  ])('refuses %j', (body) => {
    expect(imageCreateInput.safeParse(body).success).toBe(false);
  });
});

describe('imageUpdateInput', () => {
  it('tells no tags from tags that are none', () => {
    expect(imageUpdateInput.parse({ filename: 'x' })).toEqual({});
    expect(imageUpdateInput.parse({ tags: [] })).toEqual({ tags: [] });
  });

  it.each([[[]], [null], [{ tags: null }], [{ tags: 'a' }], [{ tags: [''] }]])('refuses %j', (body) => {
    expect(imageUpdateInput.safeParse(body).success).toBe(false);
  });
});

describe('tagCreateInput and tagUpdateInput', () => {
  it.each([[{}], [{ name: '' }], [{ name: null }], [{ name: 'x'.repeat(161) }], ['name'], [undefined]])(
    'refuse %j',
    (body) => {
      expect([tagCreateInput.safeParse(body).success, tagUpdateInput.safeParse(body).success]).toEqual([false, false]);
    },
  );

  it('take a name, and ignore what they do not know', () => {
    expect(tagCreateInput.parse({ name: ' a', id: 5 })).toEqual({ name: ' a' });
    expect(tagUpdateInput.parse({ name: 'x'.repeat(160) }).name).toHaveLength(160);
  });
});

describe('uploadCreateInput', () => {
  const read = (image_data: unknown) => uploadCreateInput.safeParse({ image_data }).data?.image_data;

  it.each([
    ['QQ==', 'QQ=='],
    ['QUI=', 'QUI='],
    ['QUJD', 'QUJD'],
    ['\tQU\r\nJD\t', 'QUJD'],
    ['+/+/', '+/+/'],
  ])('takes %j', (text, bytes) => {
    expect(read(text)?.toString('base64')).toBe(bytes);
  });

  it.each([
    '',
    ' ',
    'Q',
    'QQ',
    'QQ=',
    'QQ==QUJD',
    '====',
    '=',
    'A===',
    '-_-_',
    'QUJD!',
    'data:image/png;base64,QUJD',
    5,
    null,
    undefined,
    ['QUJD'],
  ])('refuses %j', (value) => {
    expect(read(value)).toBeUndefined();
  });
});
