import { beforeEach, describe, expect, it } from '@jest/globals';
import { json, send } from './support/http.js';
import { unknownBytes } from './support/samples.js';
import { sharedSystem } from './support/stack.js';
import { expectRefusal, TaggedImages, type ImageRecord, type Page, type Tag } from './support/tagged-images.js';

const system = sharedSystem();
const namesOf = ({ tags }: ImageRecord) => tags.map(({ name }) => name);

let client: TaggedImages;
beforeEach(async () => {
  client = await TaggedImages.inFreshWorkspace(system);
});

describe('PUT /images/{id}', () => {
  it('replaces the tags, and answers 200 with the record', async () => {
    const id = await client.upload(unknownBytes(), { filename: 'x', tags: ['old', 'kept'] });
    const before = await client.recordOfNoPicture(id);
    const answer = await client.put(`/images/${id}`, { tags: ['new', 'kept', 'Apple', 'new'] });
    expect(answer.status).toBe(200);
    const { url, ...record } = json<ImageRecord>(answer);
    expect(record).toEqual({
      ...Object.fromEntries(Object.entries(before).filter(([name]) => name !== 'url')),
      tags: ['Apple', 'kept', 'new'].map((name) => ({ id: expect.any(Number), name })),
    });
    expect((await send('GET', url ?? '')).status).toBe(200);
    const { url: _, ...stored } = await client.record(id);
    expect(stored).toEqual(record);
    expect(record.tags.find(({ name }) => name === 'kept')).toEqual(before.tags.find(({ name }) => name === 'kept'));
    // The tag stays, without the image.
    expect(await client.tagNames()).toEqual(['Apple', 'kept', 'new', 'old']);
    expect((await client.search('exact_tags=old')).meta.total_results).toBe(0);
    expect((await client.search('exact_tags=new')).results.map((found) => found.id)).toEqual([id]);
  });

  it('takes all tags away with an empty list', async () => {
    const { id } = await client.create({ tags: ['a', 'b'] });
    expect(json<ImageRecord>(await client.put(`/images/${id}`, { tags: [] })).tags).toEqual([]);
    expect((await client.record(id)).tags).toEqual([]);
  });

  it('changes nothing without tags, and nothing but tags', async () => {
    const { id } = await client.create({ filename: 'name', size: 5, tags: ['a'] });
    const before = await client.record(id);
    for (const body of [{}, { filename: 'other', size: 9, id: 3, colour: 'red' }]) {
      const answer = await client.put(`/images/${id}`, body);
      expect({ status: answer.status, body: json(answer) }).toEqual({ status: 200, body: before });
    }
    expect(await client.record(id)).toEqual(before);
  });

  it('is seen in lists that were read a moment ago', async () => {
    const { id } = await client.create({ tags: ['first'] });
    for (const name of ['second', 'third', 'fourth']) {
      await client.put(`/images/${id}`, { tags: [name] });
      expect((await client.page()).results.map(namesOf)).toEqual([[name]]);
      expect((await client.search(`exact_tags=${name}`)).meta.total_results).toBe(1);
    }
    expect((await client.search('match_tags=f%')).results.map(namesOf)).toEqual([['fourth']]);
    expect((await client.search('exact_tags=first')).meta.total_results).toBe(0);
  });

  it('is one of many at once as a whole', async () => {
    const { id } = await client.create();
    const sets = Array.from({ length: 10 }, (_, n) => [`a ${n}`, `b ${n}`]);
    const statuses = await Promise.all(sets.map(async (tags) => (await client.put(`/images/${id}`, { tags })).status));
    expect(statuses).toEqual(sets.map(() => 200));
    expect(sets).toContainEqual(namesOf(await client.record(id)));
  });

  it.each([
    ['tags that are a string', { tags: 'new' }],
    ['tags that are null', { tags: null }],
    ['a tag that is a number', { tags: ['new', 1] }],
    ['an empty tag', { tags: ['new', ''] }],
    ['a tag of white space', { tags: ['new', ' '] }],
    ['a tag with a pipe', { tags: ['new', 'a|b'] }],
    ['a tag of 161 characters', { tags: ['new', 'x'.repeat(161)] }],
    ['101 tags', { tags: Array.from({ length: 101 }, (_, n) => `new ${n}`) }],
    ['an array', []],
    ['null', null],
    ['broken JSON', '{"tags": ['],
    ['nothing', ''],
  ])('refuses %s with 400, and leaves everything as it was', async (_what, body) => {
    const { id } = await client.create({ tags: ['old'] });
    expectRefusal(await client.put(`/images/${id}`, body), 400);
    expect(namesOf(await client.record(id))).toEqual(['old']);
    expect(await client.tagNames()).toEqual(['old']);
  });

  it.each(['0', '-1', '1.5', 'abc', '999999999', '9007199254740993'])('is 404 for %s, and makes no tag', async (id) => {
    expectRefusal(await client.put(`/images/${id}`, { tags: ['new'] }), 404);
    expectRefusal(await client.put(`/images/${id}`, {}), 404);
    expect(await client.tagNames()).toEqual([]);
  });

  it('is 404 for a deleted image and for one of another workspace', async () => {
    const other = await TaggedImages.inFreshWorkspace(system);
    const [{ id: deleted }, { id: hidden }] = [await client.create(), await client.create({ tags: ['mine'] })];
    await client.delete(`/images/${deleted}`);
    expectRefusal(await client.put(`/images/${deleted}`, { tags: ['new'] }), 404);
    expectRefusal(await other.put(`/images/${hidden}`, { tags: ['theirs'] }), 404);
    expect(namesOf(await client.record(hidden))).toEqual(['mine']);
    expect(await other.tagNames()).toEqual([]);
  });

  it('refuses another media type', async () => {
    const { id } = await client.create();
    expectRefusal(await client.put(`/images/${id}`, '{"tags":["x"]}', { 'content-type': 'text/plain' }), 415);
  });
});

describe('PUT /tags/{id}', () => {
  it('renames the tag, and answers 200 with it', async () => {
    const tag = await client.makeTag('before');
    const answer = await client.put(`/tags/${tag.id}`, { name: 'after' });
    expect({ status: answer.status, body: json(answer) }).toEqual({ status: 200, body: { id: tag.id, name: 'after' } });
    expect(json(await client.get(`/tags/${tag.id}`))).toEqual({ id: tag.id, name: 'after' });
    expect(await client.tagNames()).toEqual(['after']);
    expect((await client.makeTag('after')).id).toBe(tag.id);
    expect((await client.makeTag('before')).id).not.toBe(tag.id);
  });

  it('is seen on every image and in every list when it answers', async () => {
    const ids = [];
    for (let n = 0; n < 12; n += 1) ids.push((await client.create({ tags: ['before', `own ${n}`] })).id);
    const { id } = await client.makeTag('before');
    expect((await client.search('exact_tags=before')).meta.total_results).toBe(12);
    await client.put(`/tags/${id}`, { name: 'zebra' });
    for (const [n, image] of ids.entries()) expect(namesOf(await client.record(image))).toEqual([`own ${n}`, 'zebra']);
    expect((await client.page()).results.flatMap(namesOf)).not.toContain('before');
    expect((await client.search('exact_tags=zebra')).meta.total_results).toBe(12);
    expect((await client.search('match_tags=ZEB%')).results.flatMap(namesOf)).not.toContain('before');
    expect((await client.search('exact_tags=before')).meta.total_results).toBe(0);
    expect((await client.search('match_tags=bef%')).meta.total_results).toBe(0);
    expect(json<Page<ImageRecord>>(await client.get(`/tags/${id}/images`)).meta.total_results).toBe(12);
  });

  it('leaves the old name to a new tag for the next upload', async () => {
    const first = await client.create({ tags: ['before'] });
    const { id } = await client.makeTag('before');
    await client.put(`/tags/${id}`, { name: 'after' });
    const second = await client.create({ tags: ['before', 'after'] });
    const next = await client.makeTag('before');
    expect(next.id).not.toBe(id);
    expect((await client.record(second.id)).tags).toEqual([
      { id, name: 'after' },
      { id: next.id, name: 'before' },
    ]);
    expect((await client.record(first.id)).tags).toEqual([{ id, name: 'after' }]);
  });

  it('answers 409 to a name in use, and changes nothing', async () => {
    const [first, second] = [await client.makeTag('first'), await client.makeTag('second')];
    const { id } = await client.create({ tags: ['first'] });
    expectRefusal(await client.put(`/tags/${first.id}`, { name: 'second' }), 409);
    expect(namesOf(await client.record(id))).toEqual(['first']);
    expect((await client.tagPage()).results).toEqual([first, second]);
  });

  it('takes its own name, also in another case', async () => {
    const tag = await client.makeTag('own');
    for (const name of ['own', 'OWN', 'own ']) {
      const answer = await client.put(`/tags/${tag.id}`, { name });
      expect({ status: answer.status, body: json(answer) }).toEqual({ status: 200, body: { id: tag.id, name } });
    }
  });

  it('gives a name to one of many that want it at once', async () => {
    const tags = await Promise.all(Array.from({ length: 8 }, (_, n) => client.makeTag(`tag ${n}`)));
    const statuses = await Promise.all(
      tags.map(async ({ id }) => (await client.put(`/tags/${id}`, { name: 'wanted' })).status),
    );
    expect(statuses.sort()).toEqual([200, 409, 409, 409, 409, 409, 409, 409]);
    expect((await client.tagNames()).filter((name) => name === 'wanted')).toHaveLength(1);
  });

  it.each([
    ['no name', {}],
    ['a name that is null', { name: null }],
    ['a name that is a number', { name: 1 }],
    ['an empty name', { name: '' }],
    ['a name of white space only', { name: ' ' }],
    ['a name with a pipe', { name: 'a|b' }],
    ['a name of 161 characters', { name: 'x'.repeat(161) }],
    ['an array', ['name']],
    ['broken JSON', '{'],
    ['nothing', ''],
  ])('refuses %s with 400', async (_what, body) => {
    const { id } = await client.makeTag('stays');
    expectRefusal(await client.put(`/tags/${id}`, body), 400);
    expect(await client.tagNames()).toEqual(['stays']);
  });
});

describe('images that come while their tags are renamed and deleted', () => {
  it('end with tags that exist, under the names that these have, and totals that are true', async () => {
    const names = Array.from({ length: 6 }, (_, n) => `tag ${n}`);
    const tags = await Promise.all(names.map((name) => client.makeTag(name)));
    const ready = await Promise.all(Array.from({ length: 4 }, () => client.create()));
    const statuses: number[] = [];
    const note = async (answer: Promise<{ status: number }>) => statuses.push((await answer).status);
    const pick = (n: number) => names.filter((_, i) => (n + i) % 3 > 0);
    const images = (from: number) =>
      Array.from({ length: 40 }, (_, i) => from + i).map((n) => {
        if (n % 5 === 0) return note(client.put(`/images/${ready[n % 4]?.id}`, { tags: pick(n) }));
        const path = n % 2 ? '/images' : '/upload';
        return note(client.post(path, { tags: pick(n), image_data: unknownBytes(50).toString('base64') }));
      });
    await Promise.all([
      ...images(0),
      note(client.put(`/tags/${tags[0]?.id}`, { name: 'renamed 0' })),
      note(client.delete(`/tags/${tags[1]?.id}`)),
      note(client.put(`/tags/${tags[2]?.id}`, { name: 'renamed 2' })),
      ...images(100),
      note(client.delete(`/tags/${tags[3]?.id}`)),
    ]);
    expect(statuses.filter((status) => status >= 400)).toEqual([]);

    const known = new Map((await client.tagPage()).results.map(({ id, name }) => [id, name]));
    expect(known.has(tags[1]?.id ?? 0) || known.has(tags[3]?.id ?? 0)).toBe(false);
    const { results, meta } = await client.page();
    expect(meta.total_results).toBe(results.length);
    expect(results.length).toBe(4 + 64);
    const carried = results.flatMap((record) => record.tags);
    expect(carried.length).toBeGreaterThan(0);
    for (const tag of carried) expect({ id: tag.id, name: known.get(tag.id) }).toEqual(tag);
    for (const [id, name] of known) {
      const expected = results.filter((record) => record.tags.some((tag: Tag) => tag.id === id)).length;
      const byTag = json<Page<ImageRecord>>(await client.get(`/tags/${id}/images`));
      expect({ name, total: byTag.meta.total_results, shown: byTag.results.length }).toEqual({
        name,
        total: expected,
        shown: expected,
      });
      expect((await client.search(`exact_tags=${encodeURIComponent(name)}`)).meta.total_results).toBe(expected);
    }
  });
});
