import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestMicroservice } from '@nestjs/common';
import { watchFact } from '@pentaprism/bus';
import { tagChanged, tagContracts as tags, type RequestOf, type TagChange } from '@pentaprism/contracts';
import { MAX_TAG_NAME_LENGTH, MAX_TAGS_PER_IMAGE, MAX_TAGS_PER_PROJECT } from '@pentaprism/domain';
import { eventually, testScope } from '@pentaprism/testing';
import { LIBRARY, OTHER_PROJECT, startTagging, type StartedTagging } from './tagging.fixture.js';
import { FindTags } from './usecases/find-tags.usecase.js';

const fails = (code: string) => expect.objectContaining({ code });
const times = <T>(count: number, each: (n: number) => T) => Array.from({ length: count }, (_, n) => each(n));

let tagging: StartedTagging;
let other: INestMicroservice;
/** One for each test. */
let workspace: string;
let workspaces = 0;
let facts: TagChange[];
let unwatch: () => void;

const call: StartedTagging['call'] = (rpc, request) => tagging.call(rpc, request, workspace);
const ensure = (...names: string[]) => tagging.ensure(names, { workspace });
const one = async (name: string) => {
  const [tag] = await ensure(name);
  if (!tag) throw new Error('no tag');
  return tag;
};
const list = (request: RequestOf<typeof tags.list> = {}) => call(tags.list, request);
const namesOf = async () => (await list()).tags.map(({ name }) => name);
const rename = (id: string, name: string) => call(tags.rename, { tag: { id }, name });
/** Seen once or twice: JetStream drops what a second outbox publishes again, and this suite looks before it does. */
const expectFact = (tagId: string, change: unknown) =>
  eventually(() => {
    const mine = facts.filter((fact) => fact.tagId === tagId);
    expect(mine.length).toBeGreaterThan(0);
    for (const fact of mine) expect(fact).toEqual(change);
  });

beforeAll(async () => {
  tagging = await startTagging(testScope('tag-changes'));
  other = await tagging.startAnother();
  unwatch = watchFact(tagging.connection, tagChanged, (data) => facts.push(data as TagChange));
});

afterAll(async () => {
  unwatch();
  await tagging.stop();
});

beforeEach(() => {
  workspace = `w-${++workspaces}`;
  facts = [];
  tagging.catalog.changes.length = 0;
});
afterEach(() => {
  tagging.catalog.beforeApplied = () => Promise.resolve();
});

describe('a tag', () => {
  it('is found by its id and by its number, in its project only', async () => {
    const tag = await one('found');
    const details = { ...tag, description: '', type: 'regular' };
    expect(await call(tags.get, { tag: { id: tag.id } })).toEqual(details);
    expect(await call(tags.get, { tag: { number: tag.number } })).toEqual(details);
    expect(await call(tags.get, { projectId: LIBRARY, tag: { number: tag.number } })).toEqual(details);
    for (const elsewhere of [
      () => call(tags.get, { projectId: OTHER_PROJECT, tag: { id: tag.id } }),
      () => tagging.call(tags.get, { tag: { id: tag.id } }, 'w-elsewhere'),
      () => tagging.call(tags.get, { tag: { number: tag.number } }, 'w-elsewhere'),
      () => tagging.call(tags.rename, { tag: { id: tag.id }, name: 'x' }, 'w-elsewhere'),
      () => tagging.call(tags.delete, { tag: { id: tag.id } }, 'w-elsewhere'),
    ])
      await expect(elsewhere()).rejects.toEqual(fails('NOT_FOUND'));
    expect(tagging.catalog.changes).toEqual([]);
  });

  it('is renamed: it keeps its id, the images have learnt of it, and a fact tells everybody else', async () => {
    const tag = await one('before');
    let renamedFirst = false;
    tagging.catalog.beforeApplied = async () => {
      renamedFirst = (await call(tags.get, { tag: { id: tag.id } })).name === 'after';
    };
    expect(await rename(tag.id, 'after')).toEqual({ ...tag, name: 'after' });
    expect(renamedFirst).toBe(true);
    const change = { tagId: tag.id, projectId: LIBRARY, name: 'after', revision: expect.any(Number) };
    expect(tagging.catalog.changes).toEqual([change]);
    await expectFact(tag.id, change);
    expect(await ensure('after')).toEqual([{ ...tag, name: 'after' }]);
    expect((await one('before')).id).not.toBe(tag.id);
  });

  it('is deleted: its images have learnt of it, and its name makes another tag', async () => {
    const tag = await one('gone');
    expect(await call(tags.delete, { tag: { number: tag.number } })).toEqual({});
    const change = { tagId: tag.id, projectId: LIBRARY, name: null, revision: expect.any(Number) };
    expect(tagging.catalog.changes).toEqual([change]);
    await expectFact(tag.id, change);
    for (const again of [
      () => call(tags.get, { tag: { id: tag.id } }),
      () => call(tags.delete, { tag: { id: tag.id } }),
      () => rename(tag.id, 'x'),
    ])
      await expect(again()).rejects.toEqual(fails('NOT_FOUND'));
    const next = await one('gone');
    expect(next.id).not.toBe(tag.id);
    expect(next.number).toBeGreaterThan(tag.number);
  });

  it('cannot have the name of another, and may keep its own', async () => {
    const [first, second] = [await one('first'), await one('second')];
    await expect(rename(first.id, 'second')).rejects.toEqual(fails('CONFLICT'));
    expect(await rename(first.id, 'first')).toEqual(first);
    expect(tagging.catalog.changes).toEqual([]);
    expect(await rename(first.id, 'SECOND')).toMatchObject({ id: first.id, name: 'SECOND' });
    expect(await rename(second.id, 'first')).toMatchObject({ id: second.id, name: 'first' });
    await expect(rename(first.id, 'first')).rejects.toEqual(fails('CONFLICT'));
  });

  it.each([' ', 'a|b', 'a\0', 'x'.repeat(MAX_TAG_NAME_LENGTH + 1)])('cannot be renamed to %j', async (name) => {
    const tag = await one('fine');
    await expect(rename(tag.id, name)).rejects.toEqual(fails('INVALID_ARGUMENT'));
    expect(await namesOf()).toEqual(['fine']);
  });

  it('has changed also when the images could not be told; asked for again, they are', async () => {
    const tag = await one('before');
    tagging.catalog.beforeApplied = () => Promise.reject(new Error('away'));
    await expect(rename(tag.id, 'after')).rejects.toEqual(fails('UNAVAILABLE'));
    const [change] = tagging.catalog.changes;
    await expectFact(tag.id, change);
    tagging.catalog.beforeApplied = () => Promise.resolve();
    expect(await rename(tag.id, 'after')).toEqual({ ...tag, name: 'after' });
    expect(tagging.catalog.changes).toEqual([change, change]);
  });
});

describe('changes at once', () => {
  it('give a name to one tag, in any order', async () => {
    const made = await ensure(...times(12, (n) => `tag ${n}`));
    const outcomes = await Promise.allSettled([
      ...made.map(({ id }) => rename(id, 'wanted')),
      ...times(4, () => ensure('wanted')),
    ]);
    const lost = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    for (const reason of lost) expect(reason).toEqual(fails('CONFLICT'));
    expect(lost.length).toBeGreaterThanOrEqual(11);
    const names = await namesOf();
    expect(names.filter((name) => name === 'wanted')).toHaveLength(1);
    expect(names).toHaveLength(lost.length === 12 ? 13 : 12);
  });

  it('delete a tag once', async () => {
    const { id } = await one('once');
    const outcomes = await Promise.allSettled(times(6, () => call(tags.delete, { tag: { id } })));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(tagging.catalog.changes).toHaveLength(1);
  });

  it('are told in their order: of two, the later has the higher revision', async () => {
    const { id } = await one('first');
    await Promise.all(times(8, (n) => rename(id, `name ${n}`)));
    const latest = tagging.catalog.changes.reduce((a, b) => (a.revision > b.revision ? a : b));
    expect(new Set(tagging.catalog.changes.map(({ revision }) => revision)).size).toBe(8);
    expect(await namesOf()).toEqual([latest.name]);
  });
});

describe('a list of tags', () => {
  it('is alphabetical without case, whole, and in pages', async () => {
    await ensure('b', 'B', 'a', 'Ä', 'ä', '🦊', '\uff5e', 'zebra', 'Zebra', '10', '9');
    const all = ['10', '9', 'a', 'B', 'b', 'Zebra', 'zebra', 'Ä', 'ä', '\uff5e', '🦊'];
    expect(await namesOf()).toEqual(all);
    const pages = await Promise.all(times(5, (n) => list({ offset: n * 3, limit: 3 })));
    expect(pages.flatMap((page) => page.tags.map(({ name }) => name))).toEqual(all);
    expect(pages.map(({ total }) => total)).toEqual(times(5, () => 11));
    expect(await list({ projectId: OTHER_PROJECT })).toEqual({ tags: [], total: 0 });
    await expect(list({ projectId: 'c'.repeat(24) })).rejects.toEqual(fails('NOT_FOUND'));
  });

  it('is never behind, whichever instance made a change and whichever is asked', async () => {
    const instances = [tagging.app, other].map((app) => app.get(FindTags, { strict: false }));
    const expectOnBoth = async (names: string[]) => {
      for (const instance of instances) {
        const { tags: shown, total } = await instance.list(workspace, { projectId: LIBRARY, offset: 0, limit: 100 });
        expect({ names: shown.map(({ name }) => name), total }).toEqual({ names, total: names.length });
        expect(
          (await instance.resolve(workspace, { projectId: LIBRARY, names: [], patterns: ['T%'] })).tagGroups,
        ).toEqual([shown.map(({ id }) => id)]);
      }
    };
    await expectOnBoth([]);
    for (let round = 0; round < 6; round++) {
      const name = `tag ${round}`;
      const { id } = await one(name);
      await expectOnBoth([name]);
      await rename(id, `${name} renamed`);
      await expectOnBoth([`${name} renamed`]);
      await call(tags.delete, { tag: { id } });
      await expectOnBoth([]);
    }
  });

  it('answers many at once while tags come and go, each as fresh as its question', async () => {
    const made: string[] = [];
    const write = async () => {
      for (let n = 0; n < 15; n++) {
        await ensure(`new ${n}`);
        made.push(`new ${n}`);
      }
    };
    const read = async () => {
      while (made.length < 15) {
        const before = [...made];
        expect(await namesOf()).toEqual(expect.arrayContaining(before));
      }
    };
    await Promise.all([write(), ...times(8, read)]);
    expect((await list()).total).toBe(15);
  });

  it('comes in parts that fit into a message, however long the names', async () => {
    const names = times(MAX_TAGS_PER_IMAGE * 10, (n) => `${n}`.padStart(4, '0').padEnd(MAX_TAG_NAME_LENGTH, '\u0001'));
    for (let at = 0; at < names.length; at += MAX_TAGS_PER_IMAGE)
      await ensure(...names.slice(at, at + MAX_TAGS_PER_IMAGE));
    const first = await list({ limit: 1000 });
    expect(first.total).toBe(1000);
    expect(first.tags.length).toBeLessThan(1000);
    const rest = await list({ offset: first.tags.length, limit: 1000 });
    expect([...first.tags, ...rest.tags].map(({ name }) => name)).toEqual(names);
  });
});

describe('a project', () => {
  it('has as many tags as it may, and no more until one goes', async () => {
    for (let at = 0; at < MAX_TAGS_PER_PROJECT; at += MAX_TAGS_PER_IMAGE)
      await ensure(...times(MAX_TAGS_PER_IMAGE, (n) => `tag ${at + n}`));
    await expect(ensure('one more')).rejects.toEqual(fails('FAILED_PRECONDITION'));
    await expect(ensure('tag 1', 'one more')).rejects.toEqual(fails('FAILED_PRECONDITION'));
    // Those that are there are found all the same, and another project has its own.
    const [known] = await ensure('tag 1');
    expect(await tagging.ensure(['one more'], { workspace, projectId: OTHER_PROJECT })).toHaveLength(1);
    await call(tags.delete, { tag: { id: known?.id ?? '' } });
    await ensure('one more');
    expect((await list({ offset: MAX_TAGS_PER_PROJECT - 1, limit: 10 })).total).toBe(MAX_TAGS_PER_PROJECT);
    // The largest answer that a search can have is one message.
    const { tagGroups } = await call(tags.resolve, { names: [], patterns: ['%a%', 't%', 'tag%'] });
    expect(tagGroups.flat().length).toBeGreaterThan(29_000);
    await expect(call(tags.resolve, { names: [], patterns: ['%a%', 't%', 'tag%', '%g%'] })).rejects.toEqual(
      fails('INVALID_ARGUMENT'),
    );
  });
});
