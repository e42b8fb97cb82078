import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { json, send } from './support/http.js';
import { unknownBytes } from './support/samples.js';
import { sharedSystem } from './support/stack.js';
import { expectRefusal, TaggedImages, type Page, type Tag } from './support/tagged-images.js';

const system = sharedSystem();
const INT32_MAX = 2 ** 31 - 1;

let client: TaggedImages;
beforeEach(async () => {
  client = await TaggedImages.inFreshWorkspace(system);
});

describe('POST /tags', () => {
  it('answers 201 with id and name, and no upload_url', async () => {
    const answer = await client.post('/tags', { name: 'a new one' });
    expect({ status: answer.status, body: json(answer) }).toEqual({
      status: 201,
      body: { id: expect.any(Number), name: 'a new one' },
    });
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    const { id } = json<Tag>(answer);
    expect(Number.isInteger(id) && id > 0).toBe(true);
    expect(await client.tagNames()).toEqual(['a new one']);
  });

  it('answers 201 with the same id when the name is known', async () => {
    const first = await client.makeTag('known');
    expect(await client.makeTag('known')).toEqual(first);
    const { id } = await client.create({ tags: ['made with an image'] });
    expect(await client.makeTag('made with an image')).toEqual((await client.record(id)).tags[0]);
    expect(await client.tagNames()).toEqual(['known', 'made with an image']);
  });

  it('makes one when 20 clients make it at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.makeTag('at once')));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect((await client.tagPage()).results).toEqual([answers[0]]);
  });

  it('makes one when clients, images and uploads make it at once, and all of them show the same', async () => {
    const names = ['one', 'two', 'three'];
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        if (n % 3 === 0) return [await client.makeTag(names[n % 2] ?? '')];
        const id =
          n % 3 === 1
            ? await client.upload(unknownBytes(), { tags: names })
            : (await client.create({ tags: names })).id;
        return (await client.record(id)).tags;
      }),
    );
    const ids = new Map<string, Set<number>>();
    for (const { id, name } of outcomes.flat()) ids.set(name, (ids.get(name) ?? new Set()).add(id));
    expect([...ids].map(([name, found]) => [name, found.size])).toEqual(
      expect.arrayContaining([
        ['one', 1],
        ['two', 1],
        ['three', 1],
      ]),
    );
    expect((await client.tagPage()).meta.total_results).toBe(3);
  });

  it('tells names apart by case and by white space around', async () => {
    const names = ['Cat', 'cat', ' cat', 'cat ', 'c\u0301at', '\u0107at'];
    const ids = [];
    for (const name of names) ids.push((await client.makeTag(name)).id);
    expect(new Set(ids).size).toBe(names.length);
    expect(new Set(await client.tagNames())).toEqual(new Set(names));
  });

  it.each([
    ['no name', {}],
    ['a name that is null', { name: null }],
    ['a name that is a number', { name: 5 }],
    ['a name that is an array', { name: ['a'] }],
    ['an empty name', { name: '' }],
    ['a name of white space only', { name: ' \t\n' }],
    ['a name with a pipe', { name: 'a|b' }],
    ['a name with NUL', { name: 'a\0b' }],
    ['a name of 161 characters', { name: 'x'.repeat(161) }],
    ['an array', []],
    ['null', null],
    ['a string', '"text"'],
    ['broken JSON', '{"name": "x"'],
    ['nothing', ''],
  ])('refuses %s with 400, and makes nothing', async (_what, body) => {
    expectRefusal(await client.post('/tags', body), 400);
    expect(await client.tagNames()).toEqual([]);
  });

  it('refuses a missing body and another media type', async () => {
    expectRefusal(await send('POST', `${system.url}/v1/tags`, { headers: client.authorization }), 400);
    expectRefusal(await client.post('/tags', '{"name":"x"}', { 'content-type': 'text/plain' }), 415);
    expect(await client.tagNames()).toEqual([]);
  });

  it('takes a name of 160 characters, and ignores properties that it does not know', async () => {
    const name = 'é'.repeat(160);
    expect(json(await client.post('/tags', { name, id: 7, colour: 'red' }))).toEqual({ id: expect.any(Number), name });
    expect((await client.makeTag(name)).id).not.toBe(7);
  });

  it.each(['__proto__', '$where', '%', '.*', '_', '\\', '👩‍👩‍👧', '\u202egnp', "'; --", '<b>'])(
    'takes %j as a name like any other',
    async (name) => {
      const tag = await client.makeTag(name);
      expect(tag.name).toBe(name);
      expect(json(await client.get(`/tags/${tag.id}`))).toEqual(tag);
    },
  );
});

describe('GET /tags', () => {
  it('is empty where there are none', async () => {
    expect(await client.tagPage()).toEqual({
      results: [],
      meta: { current_page: 0, has_more_pages: false, total_results: 0 },
    });
  });

  it('lists all tags in alphabetical order: without case, ties by code points', async () => {
    for (const name of ['pear', 'Apple', 'apple', 'banana', 'Zoo', 'äpfel', 'Äpfel', '10', '9', '🦊', '\uff5e'])
      await client.makeTag(name);
    const shown = await client.tagPage();
    expect(shown.results.map(({ name }) => name)).toEqual([
      '10',
      '9',
      'Apple',
      'apple',
      'banana',
      'pear',
      'Zoo',
      'Äpfel',
      'äpfel',
      '\uff5e',
      '🦊',
    ]);
    for (const tag of shown.results) expect(Object.keys(tag).sort()).toEqual(['id', 'name']);
  });

  it('shows also tags that were made with images, and those that no image has any more', async () => {
    const { id } = await client.create({ tags: ['b', 'a'] });
    await client.upload(unknownBytes(), { tags: ['c', 'a'] });
    expect(await client.tagNames()).toEqual(['a', 'b', 'c']);
    await client.delete(`/images/${id}`);
    expect(await client.tagNames()).toEqual(['a', 'b', 'c']);
  });

  it('shows nothing of another workspace', async () => {
    const { id } = await client.makeTag('hidden');
    const other = await TaggedImages.inFreshWorkspace(system);
    expect(await other.tagNames()).toEqual([]);
    for (const answer of [
      await other.get(`/tags/${id}`),
      await other.get(`/tags/${id}/images`),
      await other.put(`/tags/${id}`, { name: 'mine' }),
      await other.delete(`/tags/${id}`),
    ])
      expectRefusal(answer, 404);
    expect(await client.tagNames()).toEqual(['hidden']);
  });

  describe('of 105', () => {
    const names = Array.from({ length: 105 }, (_, i) => `tag ${String(i).padStart(3, '0')}`);
    let many: TaggedImages;
    beforeAll(async () => {
      many = await TaggedImages.inFreshWorkspace(system);
      await many.create({ tags: names.slice(0, 100).reverse() });
      await many.create({ tags: names.slice(100) });
    });

    it('counts pages from 0, of 100 unless told otherwise', async () => {
      const [first, second] = [await many.tagPage(), await many.tagPage('?page=1')];
      expect(first.results.map(({ name }) => name)).toEqual(names.slice(0, 100));
      expect(first.meta).toEqual({ current_page: 0, has_more_pages: true, total_results: 105 });
      expect(second.results.map(({ name }) => name)).toEqual(names.slice(100));
      expect(second.meta).toEqual({ current_page: 1, has_more_pages: false, total_results: 105 });
    });

    it('takes a limit of 1 to 100, and has an empty page past the end', async () => {
      const pages: Page<Tag>[] = [];
      for (let page = 0; page <= 4; page += 1) pages.push(await many.tagPage(`?limit=35&page=${page}`));
      expect(pages.flatMap(({ results }) => results.map(({ name }) => name))).toEqual(names);
      expect(pages.map(({ results }) => results.length)).toEqual([35, 35, 35, 0, 0]);
      expect(pages.map(({ meta }) => meta.has_more_pages)).toEqual([true, true, false, false, false]);
      expect(pages.map(({ meta }) => meta.total_results)).toEqual([105, 105, 105, 105, 105]);
      expect((await many.tagPage('?limit=1')).results).toHaveLength(1);
      expect((await many.tagPage('?limit=100')).results).toHaveLength(100);
      expect(await many.tagPage(`?limit=100&page=${INT32_MAX}`)).toEqual({
        results: [],
        meta: { current_page: INT32_MAX, has_more_pages: false, total_results: 105 },
      });
    });

    it.each([
      'limit=0',
      'limit=-1',
      'limit=101',
      'limit=x',
      'limit=1.5',
      'limit=',
      'limit=1&limit=1',
      'page=-1',
      'page=x',
      'page=',
    ])('refuses ?%s', async (query) => {
      expectRefusal(await many.get(`/tags?${query}`), 400);
      expectRefusal(await many.get(`/tags/1/images?${query}`), 400);
    });
  });
});

describe('GET /tags/{id}', () => {
  it('answers 200 with the tag', async () => {
    const tag = await client.makeTag('this one');
    const answer = await client.get(`/tags/${tag.id}`);
    expect({ status: answer.status, body: json(answer) }).toEqual({ status: 200, body: tag });
  });
});

const NO_IDS = ['0', '-1', '1.5', '01', '+1', '1e0', 'abc', '%20', '999999999', '9007199254740993', 'x'.repeat(600)];

describe('a tag that does not exist', () => {
  it.each(NO_IDS)('is 404 for every operation: %s', async (id) => {
    for (const answer of [
      await client.get(`/tags/${id}`),
      await client.get(`/tags/${id}/images`),
      await client.put(`/tags/${id}`, { name: 'x' }),
      await client.delete(`/tags/${id}`),
    ])
      expectRefusal(answer, 404);
  });
});

describe('GET /tags/{id}/images', () => {
  it('answers a page of whole records, newest first', async () => {
    const ids: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      if (i % 2 === 0) ids.push((await client.create({ tags: ['t'] })).id);
      else {
        const id = await client.upload(unknownBytes(), { tags: ['t', 'u'] });
        ids.push((await client.recordOfNoPicture(id)).id);
      }
    }
    await client.create({ tags: ['u'] });
    const { id } = await client.makeTag('t');
    const page = json<Page<{ id: number; url: string | null }>>(await client.get(`/tags/${id}/images`));
    expect(page.results.map((record) => record.id)).toEqual(ids.reverse());
    expect(page.meta).toEqual({ current_page: 0, has_more_pages: false, total_results: 5 });
    for (const { url, ...record } of page.results) {
      const { url: fresh, ...alone } = await client.record(record.id);
      expect(record).toEqual(alone);
      expect(url === null).toBe(fresh === null);
      if (url !== null) expect((await send('GET', url)).status).toBe(200);
    }
  });

  it('takes limit and page', async () => {
    const ids = [];
    for (let i = 0; i < 5; i += 1) ids.push((await client.create({ tags: ['t'] })).id);
    const { id } = await client.makeTag('t');
    const pages = [];
    for (const page of [0, 1, 2, 3])
      pages.push(json<Page<{ id: number }>>(await client.get(`/tags/${id}/images?limit=2&page=${page}`)));
    expect(pages.map(({ results }) => results.map((record) => record.id))).toEqual([
      [ids[4], ids[3]],
      [ids[2], ids[1]],
      [ids[0]],
      [],
    ]);
    expect(pages.map(({ meta }) => meta)).toEqual(
      [true, true, false, false].map((has_more_pages, current_page) => ({
        current_page,
        has_more_pages,
        total_results: 5,
      })),
    );
  });

  it('is an empty page for a tag without images', async () => {
    const { id } = await client.makeTag('nothing');
    expect(json(await client.get(`/tags/${id}/images`))).toEqual({
      results: [],
      meta: { current_page: 0, has_more_pages: false, total_results: 0 },
    });
  });

  it('knows no filters, and bears them', async () => {
    await client.create({ tags: ['t'] });
    const { id } = await client.makeTag('t');
    const answer = await client.get(`/tags/${id}/images?end_timestamp=1&uploaded_only=true&exact_tags=x`);
    expect(json<Page<unknown>>(answer).meta.total_results).toBe(1);
  });
});

describe('DELETE /tags/{id}', () => {
  it('answers 204, empty; the images stay, without the tag', async () => {
    const [{ id: first }, second] = [
      await client.create({ tags: ['gone', 'stays'] }),
      await client.upload(unknownBytes(), { tags: ['gone'] }),
    ];
    const tag = await client.makeTag('gone');
    expect((await client.page()).results).toHaveLength(2);
    const answer = await client.delete(`/tags/${tag.id}`);
    expect({ status: answer.status, length: answer.bytes.length }).toEqual({ status: 204, length: 0 });
    expect((await client.record(first)).tags.map(({ name }) => name)).toEqual(['stays']);
    expect((await client.record(second)).tags).toEqual([]);
    const { results, meta } = await client.page();
    expect(results.map(({ tags }) => tags.map(({ name }) => name))).toEqual([[], ['stays']]);
    expect(meta.total_results).toBe(2);
    expect(await client.tagNames()).toEqual(['stays']);
    expect((await client.search('exact_tags=gone')).meta.total_results).toBe(0);
    expect((await client.search('match_tags=gone%')).meta.total_results).toBe(0);
  });

  it('is 404 the second time, as is everything else about the tag', async () => {
    const { id } = await client.makeTag('gone');
    await client.delete(`/tags/${id}`);
    for (const answer of [
      await client.delete(`/tags/${id}`),
      await client.get(`/tags/${id}`),
      await client.get(`/tags/${id}/images`),
      await client.put(`/tags/${id}`, { name: 'again' }),
    ])
      expectRefusal(answer, 404);
  });

  it('never gives an id again: the same name is another tag', async () => {
    const { id } = await client.makeTag('again');
    await client.create({ tags: ['again'] });
    await client.delete(`/tags/${id}`);
    const next = await client.makeTag('again');
    expect(next.id).toBeGreaterThan(id);
    expect(json<Page<unknown>>(await client.get(`/tags/${next.id}/images`)).meta.total_results).toBe(0);
  });

  it('gives the next images with that name a new tag, however an image comes', async () => {
    const old = await client.makeTag('again');
    // Also the services remember the tag now.
    const [image] = [
      await client.create({ tags: ['again'] }),
      await client.upload(unknownBytes(), { tags: ['again'] }),
    ];
    await client.delete(`/tags/${old.id}`);
    const uploaded = await client.upload(unknownBytes(), { tags: ['again', 'other'] });
    const created = await client.create({ tags: ['again'] });
    await client.put(`/images/${image.id}`, { tags: ['again'] });
    const { id } = await client.makeTag('again');
    expect(id).not.toBe(old.id);
    for (const each of [uploaded, created.id, image.id])
      expect((await client.record(each)).tags).toContainEqual({ id, name: 'again' });
    expect((await client.search('exact_tags=again')).meta.total_results).toBe(3);
  });

  it('is done once, when many ask for it at once', async () => {
    const { id } = await client.makeTag('once');
    const statuses = await Promise.all([1, 2, 3, 4, 5].map(async () => (await client.delete(`/tags/${id}`)).status));
    expect(statuses.sort()).toEqual([204, 404, 404, 404, 404]);
  });

  it('leaves the tags when an image is deleted, and their links go', async () => {
    const { id } = await client.create({ tags: ['kept'] });
    const tag = await client.makeTag('kept');
    await client.delete(`/images/${id}`);
    expect(json(await client.get(`/tags/${tag.id}`))).toEqual(tag);
    expect(json<Page<unknown>>(await client.get(`/tags/${tag.id}/images`)).meta.total_results).toBe(0);
  });
});
