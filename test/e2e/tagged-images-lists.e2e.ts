import { beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { json, send } from './support/http.js';
import { unknownBytes } from './support/samples.js';
import { sharedSystem } from './support/stack.js';
import { errorShape, TaggedImages, type ImageRecord } from './support/tagged-images.js';

const system = sharedSystem();
const INT32_MAX = 2 ** 31 - 1;

describe('GET /images over seven records of three seconds', () => {
  let client: TaggedImages;
  /** Oldest first. */
  let ids: number[];
  /** Those that have a file. */
  let uploaded: number[];
  let records: readonly ImageRecord[];

  beforeAll(async () => {
    client = await TaggedImages.inFreshWorkspace(system);
    ids = [];
    uploaded = [];
    for (let second = 0; second < 3; second += 1) {
      if (second > 0) await sleep(1100);
      for (let i = 0; i < (second === 1 ? 3 : 2); i += 1) {
        const withFile = i === 0;
        const id = withFile ? await client.upload(unknownBytes()) : (await client.create()).id;
        ids.push(id);
        if (withFile) uploaded.push(id);
      }
    }
    for (const id of uploaded) await client.recordOfNoPicture(id);
    records = (await client.page()).results;
  });

  const shown = async (query: string) => (await client.page(query)).results.map((record) => record.id);
  const createdAt = (index: number) => records.find((record) => record.id === ids[index])?.created_timestamp ?? NaN;

  it('lists the newest first, equal seconds by the newest id', async () => {
    expect(await shown('')).toEqual([...ids].reverse());
    const times = records.map((record) => record.created_timestamp);
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect(new Set(times).size).toBeGreaterThanOrEqual(3);
  });

  it('shows whole records, as GET /images/{id} does', async () => {
    for (const { url, ...record } of records) {
      const { url: fresh, ...alone } = await client.record(record.id);
      expect(record).toEqual(alone);
      expect(url === null).toBe(fresh === null);
      if (url !== null) expect((await send('GET', url)).status).toBe(200);
    }
  });

  it('counts from page 0, 100 a page unless told otherwise', async () => {
    expect((await client.page()).meta).toEqual({ current_page: 0, has_more_pages: false, total_results: 7 });
    const pages = [];
    for (const page of [0, 1, 2, 3]) pages.push(await client.page(`?limit=3&page=${page}`));
    expect(pages.flatMap(({ results }) => results.map((record) => record.id))).toEqual([...ids].reverse());
    expect(pages.map(({ results }) => results.length)).toEqual([3, 3, 1, 0]);
    expect(pages.map(({ meta }) => meta)).toEqual(
      [true, true, false, false].map((has_more_pages, current_page) => ({
        current_page,
        has_more_pages,
        total_results: 7,
      })),
    );
    expect((await client.page('?limit=7')).meta.has_more_pages).toBe(false);
    expect((await client.page('?limit=6')).meta.has_more_pages).toBe(true);
  });

  it('has empty pages far behind the end', async () => {
    const { results, meta } = await client.page(`?page=${INT32_MAX}&limit=100`);
    expect(results).toEqual([]);
    expect(meta).toEqual({ current_page: INT32_MAX, has_more_pages: false, total_results: 7 });
  });

  it('shows with uploaded_only what has a file', async () => {
    for (const value of ['true', '1']) expect(await shown(`?uploaded_only=${value}`)).toEqual([...uploaded].reverse());
    for (const value of ['false', '0']) expect(await shown(`?uploaded_only=${value}`)).toHaveLength(7);
    expect((await client.page('?uploaded_only=true&limit=2')).meta).toEqual({
      current_page: 0,
      has_more_pages: true,
      total_results: 3,
    });
  });

  it('filters by both bounds, inclusive', async () => {
    const [first, middle, last] = [createdAt(0), createdAt(2), createdAt(6)];
    const between = (from: number, to: number) =>
      records.filter(({ created_timestamp: t }) => t >= from && t <= to).map((record) => record.id);
    expect(await shown(`?start_timestamp=${middle}`)).toEqual(between(middle, INT32_MAX));
    expect(await shown(`?end_timestamp=${middle}`)).toEqual(between(0, middle));
    expect(await shown(`?start_timestamp=${middle}&end_timestamp=${middle}`)).toEqual(between(middle, middle));
    expect(between(middle, middle)).toContain(ids[2]);
    expect(await shown(`?start_timestamp=${first}&end_timestamp=${last}`)).toHaveLength(7);
    expect(await shown(`?start_timestamp=${last + 1}`)).toEqual([]);
    expect(await shown(`?end_timestamp=${first - 1}`)).toEqual([]);
  });

  it('counts what a bound lets through', async () => {
    const middle = createdAt(2);
    const { results, meta } = await client.page(`?start_timestamp=${middle}&limit=1`);
    expect(results).toHaveLength(1);
    expect(meta.total_results).toBe((await shown(`?start_timestamp=${middle}`)).length);
    const both = await client.page(`?start_timestamp=${middle}&uploaded_only=true`);
    expect(both.meta.total_results).toBe(2);
  });

  it('takes 0 for no bound, and start after end for nothing', async () => {
    expect(await shown('?start_timestamp=0&end_timestamp=0')).toHaveLength(7);
    expect(await shown(`?start_timestamp=${createdAt(6)}&end_timestamp=0`)).not.toHaveLength(0);
    expect(await shown(`?start_timestamp=${createdAt(6)}&end_timestamp=${createdAt(0)}`)).toEqual([]);
    expect(await shown(`?start_timestamp=-5&end_timestamp=${INT32_MAX}`)).toHaveLength(7);
  });

  it('ignores parameters that it does not know', async () => {
    expect(await shown('?colour=red&sort=asc')).toEqual([...ids].reverse());
  });

  it.each([
    'limit=0',
    'limit=-1',
    'limit=101',
    'limit=ten',
    'limit=1.5',
    'limit=1e1',
    'limit=0x10',
    'limit=',
    'limit=%201',
    'limit=1&limit=2',
    'limit=99999999999999999999',
    'page=-1',
    'page=x',
    'page=',
    'page=0.0',
    'page=1&page=1',
    'page=2147483648',
    'start_timestamp=now',
    'start_timestamp=1.5',
    'start_timestamp=2147483648',
    'end_timestamp=-2147483649',
    'end_timestamp=NaN',
    'end_timestamp=1&end_timestamp=2',
    'uploaded_only=yes',
    'uploaded_only=TRUE',
    'uploaded_only=',
    'uploaded_only=2',
  ])('refuses ?%s', async (query) => {
    const answer = await client.get(`/images?${query}`);
    expect({ status: answer.status, body: json(answer) }).toEqual({ status: 400, body: errorShape(400) });
  });
});

describe('totals', () => {
  it('are exact after many changes at the same time', async () => {
    const client = await TaggedImages.inFreshWorkspace(system);
    const same = unknownBytes();
    const uploads = Array.from({ length: 24 }, (_, i) => client.upload(i % 2 ? same : unknownBytes()));
    const announced = Array.from({ length: 16 }, () => client.create());
    const [ids, created] = [await Promise.all(uploads), await Promise.all(announced)];
    expect([await client.total(), await client.total('?uploaded_only=true')]).toEqual([40, 24]);

    const replaced = created.slice(0, 6);
    await Promise.all([
      // Two files at once for one image make it one image with a file.
      ...replaced.flatMap(({ upload_url }) =>
        [0, 1].map(async () => expect((await send('PUT', upload_url, { body: unknownBytes() })).status).toBe(200)),
      ),
      ...ids.slice(0, 10).map(async (id) => expect((await client.delete(`/images/${id}`)).status).toBe(204)),
      ...created.slice(12).map(async ({ id }) => expect((await client.delete(`/images/${id}`)).status).toBe(204)),
    ]);
    expect([await client.total(), await client.total('?uploaded_only=true')]).toEqual([26, 20]);
    const { results } = await client.page();
    expect(results).toHaveLength(26);
    expect(results.filter((record) => record.url !== null)).toHaveLength(20);
  });

  it('count an image once that two clients delete at the same time', async () => {
    const client = await TaggedImages.inFreshWorkspace(system);
    const ids = await Promise.all(Array.from({ length: 4 }, () => client.upload(unknownBytes())));
    const statuses = await Promise.all(
      [0, 0, 0, 0, 0].map(async () => (await client.delete(`/images/${ids[0]}`)).status),
    );
    expect(statuses.sort()).toEqual([204, 404, 404, 404, 404]);
    expect([await client.total(), await client.total('?uploaded_only=true')]).toEqual([3, 3]);
  });
});

describe('GET /images of records larger than a message of the bus', () => {
  it('is whole all the same', async () => {
    const client = await TaggedImages.inFreshWorkspace(system);
    const tags = Array.from({ length: 100 }, (_, i) => `${i} `.padEnd(160, '\u0001é'));
    const ids = [];
    for (let i = 0; i < 30; i += 1) ids.push((await client.create({ filename: `${i}`, tags })).id);
    const { results, meta } = await client.page('?limit=30');
    expect(results.map((record) => record.id)).toEqual(ids.reverse());
    expect(meta).toEqual({ current_page: 0, has_more_pages: false, total_results: 30 });
    expect(results[0]?.tags).toHaveLength(100);
  });
});
