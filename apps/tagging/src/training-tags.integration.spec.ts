import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { getModelToken } from '@nestjs/mongoose';
import { FactPublisher, watchFact } from '@pentaprism/bus';
import {
  projectDeleted,
  tagChanged,
  tagContracts as tags,
  taggingContracts,
  type RequestOf,
} from '@pentaprism/contracts';
import {
  MAX_DESCRIPTION_LENGTH,
  MAX_TAG_NAME_LENGTH,
  MAX_TAGS_PER_BATCH,
  MAX_TAGS_PER_PROJECT,
} from '@pentaprism/domain';
import { eventually, testScope } from '@pentaprism/testing';
import { Types, type Model } from 'mongoose';
import { TAG_REVISION_MODEL } from './adapters/mongo/tag-revision.repository.js';
import { TAG_MODEL, type TagDocument } from './adapters/mongo/tag.repository.js';
import { LIBRARY, OTHER_PROJECT, startTagging, type StartedTagging } from './tagging.fixture.js';

const fails = (code: string, details?: object) =>
  expect.objectContaining({ code, ...(details === undefined ? {} : { details }) });
const times = <T>(count: number, each: (n: number) => T) => Array.from({ length: count }, (_, n) => each(n));
const NOBODY = 'f'.repeat(24);
const IMAGES = ['1', '2', '3'].map((digit) => digit.repeat(24));

let tagging: StartedTagging;
/** One for each test. */
let workspace: string;
let workspaces = 0;
let facts: unknown[];
let unwatch: () => void;

const call: StartedTagging['call'] = (rpc, request) => tagging.call(rpc, request, workspace);
const create = (name: string, more: Partial<RequestOf<typeof tags.create>> = {}) =>
  call(tags.create, { name, description: '', type: 'regular', ...more });
const update = (id: string, changes: Omit<RequestOf<typeof tags.update>, 'tag'>) =>
  call(tags.update, { tag: { id }, ...changes });
const list = () => call(tags.list, {});
const modelOf = <T>(name: string) => tagging.app.get<Model<T>>(getModelToken(name), { strict: false });
const revisionOf = async (project = LIBRARY) =>
  (await modelOf<{ revision: number }>(TAG_REVISION_MODEL).findById(`${workspace}/${project}`).lean())?.revision ?? 0;

beforeAll(async () => {
  tagging = await startTagging(testScope('training-tags'));
  unwatch = watchFact(tagging.connection, tagChanged, (data) => facts.push(data));
});
afterAll(async () => {
  unwatch();
  await tagging.stop();
});
beforeEach(() => {
  workspace = `w-${++workspaces}`;
  facts = [];
  tagging.catalog.changes.length = 0;
  tagging.catalog.taggings.length = 0;
  tagging.catalog.reserved.length = 0;
});
afterEach(() => {
  tagging.catalog.beforeTagged = () => Promise.resolve();
  tagging.catalog.beforeReserved = () => Promise.resolve();
});

describe('a tag with details', () => {
  it('is made as it is asked for, and shown so', async () => {
    const made = await create('cat', { description: 'Felis catus \u{1f408}', type: 'general-product' });
    expect(made).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      number: expect.any(Number),
      name: 'cat',
      description: 'Felis catus \u{1f408}',
      type: 'general-product',
    });
    expect(await call(tags.get, { tag: { id: made.id } })).toEqual(made);
    expect(await list()).toEqual({ tags: [made], total: 1 });
    const { description: _, type: __, ...reference } = made;
    expect(await tagging.ensure(['cat'], { workspace })).toEqual([reference]);
  });

  it('that was made by its name is a regular one without a description', async () => {
    const [reference] = await tagging.ensure(['by name'], { workspace });
    const details = { ...reference, description: '', type: 'regular' };
    expect(await call(tags.get, { tag: { id: reference?.id ?? '' } })).toEqual(details);
    expect((await list()).tags).toEqual([details]);
    const [stored] = await modelOf<TagDocument>(TAG_MODEL).find({ workspace }).lean();
    expect(stored).not.toHaveProperty('description');
    expect(stored).not.toHaveProperty('type');
  });

  it('is one of its name in its project', async () => {
    await create('taken');
    const [second] = await tagging.ensure(['by name'], { workspace });
    await expect(create('taken', { type: 'negative' })).rejects.toEqual(fails('CONFLICT'));
    await expect(create('by name')).rejects.toEqual(fails('CONFLICT'));
    expect((await create('Taken')).name).toBe('Taken');
    expect((await create('taken', { projectId: OTHER_PROJECT })).name).toBe('taken');
    expect((await list()).tags.map(({ name, type }) => [name, type])).toEqual([
      ['by name', 'regular'],
      ['Taken', 'regular'],
      ['taken', 'regular'],
    ]);
    expect(second?.number).toBeGreaterThan(0);
  });

  it('is made once, when many make it at once', async () => {
    for (let round = 0; round < 5; round++) {
      const outcomes = await Promise.allSettled(times(8, (n) => create(`wanted ${round}`, { description: `${n}` })));
      const made = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
      expect(made).toHaveLength(1);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toEqual(fails('CONFLICT'));
      expect((await list()).tags).toContainEqual(made[0]);
    }
    expect((await list()).total).toBe(5);
  });

  it.each([' ', '', 'a|b', 'a\0', 'x'.repeat(MAX_TAG_NAME_LENGTH + 1)])('cannot be called %j', async (name) => {
    await expect(create(name)).rejects.toEqual(fails('INVALID_ARGUMENT'));
    const { id } = await create('fine');
    await expect(update(id, { name })).rejects.toEqual(fails('INVALID_ARGUMENT'));
    await expect(create('x', { description: 'x'.repeat(MAX_DESCRIPTION_LENGTH + 1) })).rejects.toEqual(
      fails('INVALID_ARGUMENT'),
    );
    expect((await list()).tags.map((tag) => tag.name)).toEqual(['fine']);
  });

  it('is not made in a project that is full, or that there is not', async () => {
    await create('first');
    await modelOf(TAG_REVISION_MODEL).updateOne(
      { _id: `${workspace}/${LIBRARY}` },
      { $set: { total: MAX_TAGS_PER_PROJECT } },
    );
    await expect(create('one more')).rejects.toEqual(fails('FAILED_PRECONDITION', { limit: MAX_TAGS_PER_PROJECT }));
    await expect(create('first')).rejects.toEqual(fails('CONFLICT'));
    await expect(create('lost', { projectId: NOBODY })).rejects.toEqual(fails('NOT_FOUND'));
    expect((await list()).total).toBe(1);
  });
});

describe('an update', () => {
  it('of description and type tells no image, and every list', async () => {
    const tag = await create('cat', { description: 'old' });
    const before = await revisionOf();
    expect(await update(tag.id, { description: 'new' })).toEqual({ ...tag, description: 'new' });
    expect(await revisionOf()).toBeGreaterThan(before);
    expect((await list()).tags).toEqual([{ ...tag, description: 'new' }]);
    expect(await update(tag.id, { type: 'general-product', description: '' })).toEqual({
      ...tag,
      type: 'general-product',
      description: '',
    });
    expect((await list()).tags).toEqual([{ ...tag, type: 'general-product', description: '' }]);
    expect(await update(tag.id, {})).toEqual({ ...tag, type: 'general-product', description: '' });
    expect(tagging.catalog.changes).toEqual([]);
    expect(facts).toEqual([]);
  });

  it('of the name reaches the images, and keeps what is not given', async () => {
    const tag = await create('before', { description: 'kept', type: 'negative' });
    expect(await update(tag.id, { name: 'after' })).toEqual({ ...tag, name: 'after' });
    const change = { tagId: tag.id, projectId: LIBRARY, name: 'after', revision: expect.any(Number), negative: true };
    expect(tagging.catalog.changes).toEqual([change]);
    await eventually(() => expect(facts).toContainEqual(change));
    // Asked for again the images are told again, in case that they have not heard.
    expect(await update(tag.id, { name: 'after', description: 'and more' })).toMatchObject({ description: 'and more' });
    expect(tagging.catalog.changes).toEqual([change, change]);
    // A later one of the description must not look like a later name.
    const [first] = tagging.catalog.changes;
    await update(tag.id, { description: 'even more' });
    await update(tag.id, { name: 'after' });
    expect(tagging.catalog.changes[2]).toEqual(first);
  });

  it('to a negative tag is asked of the catalog first, and told to it, and so is the way back', async () => {
    const tag = await create('none');
    let typeThen: string | undefined;
    tagging.catalog.beforeReserved = async () => {
      typeThen = (await call(tags.get, { tag: { id: tag.id } })).type;
    };
    expect(await update(tag.id, { type: 'negative' })).toEqual({ ...tag, type: 'negative' });
    expect(typeThen).toBe('regular');
    expect(tagging.catalog.reserved).toEqual([{ tagId: tag.id, projectId: LIBRARY, name: 'none' }]);
    const change = { tagId: tag.id, projectId: LIBRARY, name: 'none', revision: expect.any(Number), negative: true };
    expect(tagging.catalog.changes).toEqual([change]);
    await eventually(() => expect(facts).toContainEqual(change));
    const [told] = tagging.catalog.changes;
    // Asked for again: the catalog may not have heard.
    await update(tag.id, { type: 'negative' });
    expect(tagging.catalog.changes).toEqual([told, told]);
    expect(await update(tag.id, { type: 'regular' })).toEqual(tag);
    expect(tagging.catalog.changes[2]).toEqual({ ...change, negative: false });
    expect(tagging.catalog.changes[2]?.revision).toBeGreaterThan(told?.revision ?? Infinity);
    expect(tagging.catalog.reserved).toHaveLength(1);
  });

  it('to a negative tag is never made unasked, also while others change it back', async () => {
    for (let round = 0; round < 10; round++) {
      const tag = await create(`changing ${round}`, { type: 'negative' });
      const asked = tagging.catalog.reserved.length;
      const [, again] = await Promise.allSettled([
        update(tag.id, { type: 'regular' }),
        update(tag.id, { type: 'negative' }),
      ]);
      const { type } = await call(tags.get, { tag: { id: tag.id } });
      if (again.status === 'rejected') expect(again.reason).toEqual(fails('CONFLICT', { reason: 'changed' }));
      // Either it was asked for after the way back, or it came before it and changed nothing.
      else if (type === 'negative') expect(tagging.catalog.reserved).toHaveLength(asked + 1);
    }
  });

  it('to a negative tag that images carry beside others changes nothing', async () => {
    const [tag] = [await create('none'), await create('other')];
    tagging.catalog.beforeReserved = () =>
      Promise.reject(Object.assign(new Error('beside others'), { code: 'FAILED_PRECONDITION' }));
    await expect(update(tag.id, { type: 'negative', name: 'nothing' })).rejects.toEqual(fails('FAILED_PRECONDITION'));
    await expect(update(tag.id, { type: 'negative', name: 'other' })).rejects.toEqual(fails('CONFLICT'));
    expect(await call(tags.get, { tag: { id: tag.id } })).toEqual(tag);
    expect(tagging.catalog.reserved).toHaveLength(1);
    expect(tagging.catalog.changes).toEqual([]);
  });

  it('fails whole', async () => {
    const [one, two] = [await create('one'), await create('two')];
    await expect(update(one.id, { name: 'two', description: 'x' })).rejects.toEqual(fails('CONFLICT'));
    expect((await list()).tags).toEqual([one, two]);
    await expect(update(NOBODY, { description: 'x' })).rejects.toEqual(fails('NOT_FOUND'));
    await expect(tagging.call(tags.update, { tag: { id: one.id }, description: 'x' }, 'w-elsewhere')).rejects.toEqual(
      fails('NOT_FOUND'),
    );
    await expect(update(one.id, { projectId: OTHER_PROJECT, description: 'x' })).rejects.toEqual(fails('NOT_FOUND'));
  });
});

describe('many tags by their ids', () => {
  it('come in the order of the ids, once, without those that there are not', async () => {
    const [a, b] = [await create('a'), await create('b', { description: 'second' })];
    const elsewhere = await create('c', { projectId: OTHER_PROJECT });
    const getMany = async (ids: string[]) => (await call(tags.getMany, { ids })).tags;
    expect(await getMany([b.id, NOBODY, a.id, b.id, elsewhere.id])).toEqual([b, a]);
    expect(await getMany([])).toEqual([]);
    expect(await tagging.call(tags.getMany, { ids: [a.id] }, 'w-elsewhere')).toEqual({ tags: [] });
    await expect(call(tags.getMany, { projectId: NOBODY, ids: [] })).rejects.toEqual(fails('NOT_FOUND'));
  });

  it('fit into an answer, and into pages, however long they are', async () => {
    const description = '\u0001'.repeat(MAX_DESCRIPTION_LENGTH);
    const names = times(MAX_TAGS_PER_BATCH * 3, (n) => `${n}`.padStart(3, '0').padEnd(MAX_TAG_NAME_LENGTH, '\u0001'));
    const made = [];
    for (const name of names) made.push(await create(name, { description }));
    expect((await call(tags.getMany, { ids: made.map(({ id }) => id) })).tags).toEqual(made);
    const first = await call(tags.list, { limit: 1000 });
    expect(first.tags.length).toBeLessThan(made.length);
    const rest = await call(tags.list, { offset: first.tags.length, limit: 1000 });
    expect([...first.tags, ...rest.tags]).toEqual(made);
  });
});

describe('tagging images', () => {
  const tagImages = (...pairs: [image: string, tag: string][]) =>
    call(taggingContracts.tagImages, {
      projectId: LIBRARY,
      taggings: pairs.map(([imageId, tagId]) => ({ imageId, tagId })),
    });
  const [one, two] = IMAGES as [string, string];

  it('gives the catalog the tags as they are called', async () => {
    const [a, b] = [await create('a', { description: 'x' }), await create('b')];
    expect(await tagImages([one, b.id], [two, b.id], [one, a.id])).toEqual({
      statuses: ['created', 'created', 'created'],
    });
    const reference = ({ id, number, name }: typeof a) => ({ id, number, name });
    expect(tagging.catalog.taggings).toEqual([
      {
        projectId: LIBRARY,
        taggings: [
          { imageId: one, tag: reference(b) },
          { imageId: two, tag: reference(b) },
          { imageId: one, tag: reference(a) },
        ],
      },
    ]);
  });

  it('says which of them are negative, and passes on that one cannot stand beside others', async () => {
    const [a, b] = [await create('a', { type: 'negative' }), await create('b', { type: 'general-product' })];
    const refusal = { code: 'FAILED_PRECONDITION', details: { reason: 'negative-tag', imageIds: [one] } };
    tagging.catalog.beforeTagged = () => Promise.reject(Object.assign(new Error('no'), refusal));
    await expect(tagImages([one, a.id], [one, b.id])).rejects.toEqual(fails(refusal.code, refusal.details));
    expect(tagging.catalog.taggings.flatMap(({ taggings }) => taggings.map(({ tag }) => tag))).toEqual([
      { id: a.id, number: a.number, name: 'a', negative: true },
      { id: b.id, number: b.number, name: 'b' },
    ]);
    const [known] = await tagging.ensure(['a'], { workspace });
    expect(known).toEqual({ id: a.id, number: a.number, name: 'a', negative: true });
  });

  it('names the tags that there are not, and asks nobody', async () => {
    const { id } = await create('a');
    const elsewhere = await create('b', { projectId: OTHER_PROJECT });
    await expect(tagImages([one, id], [one, NOBODY], [two, NOBODY], [one, elsewhere.id])).rejects.toEqual(
      fails('NOT_FOUND', { tagIds: [NOBODY, elsewhere.id] }),
    );
    expect(tagging.catalog.taggings).toEqual([]);
  });

  it('passes on what the catalog says of images', async () => {
    const { id } = await create('a');
    tagging.catalog.beforeTagged = () =>
      Promise.reject(Object.assign(new Error('no image'), { code: 'NOT_FOUND', details: { imageIds: [two] } }));
    await expect(tagImages([one, id], [two, id])).rejects.toEqual(fails('NOT_FOUND', { imageIds: [two] }));
    expect(tagging.catalog.taggings).toHaveLength(1);
  });

  it('looks again when a tag was renamed or deleted meanwhile, and gives up at last', async () => {
    const [a, b] = [await create('a'), await create('b')];
    const conflict = () => Object.assign(new Error('changed'), { code: 'CONFLICT' });
    tagging.catalog.beforeTagged = async () => {
      tagging.catalog.beforeTagged = () => Promise.resolve();
      await update(a.id, { name: 'renamed' });
      throw conflict();
    };
    expect(await tagImages([one, a.id])).toEqual({ statuses: ['created'] });
    expect(tagging.catalog.taggings.map(({ taggings }) => taggings[0]?.tag.name)).toEqual(['a', 'renamed']);
    tagging.catalog.beforeTagged = async () => {
      tagging.catalog.beforeTagged = () => Promise.resolve();
      await call(tags.delete, { tag: { id: b.id } });
      throw conflict();
    };
    await expect(tagImages([one, a.id], [one, b.id])).rejects.toEqual(fails('NOT_FOUND', { tagIds: [b.id] }));
    tagging.catalog.taggings.length = 0;
    tagging.catalog.beforeTagged = () => Promise.reject(conflict());
    await expect(tagImages([one, a.id])).rejects.toEqual(fails('UNAVAILABLE'));
    expect(tagging.catalog.taggings).toHaveLength(4);
  });
});

describe('a project that is deleted', () => {
  const remove = async (projectId: string, times = 1) => {
    const publisher = new FactPublisher(tagging.connection);
    for (let n = 0; n < times; n++) {
      await publisher.publish({
        id: new Types.ObjectId().toHexString(),
        name: projectDeleted.name,
        data: { projectId },
        context: { workspace, traceId: 't', actor: 'ann' },
      });
    }
  };
  const left = (project: string) => modelOf<TagDocument>(TAG_MODEL).countDocuments({ workspace, project });

  it('takes its tags with it, however many, and no others', async () => {
    for (let at = 0; at < 2500; at += 100)
      await tagging.ensure(
        times(100, (n) => `tag ${at + n}`),
        { workspace, projectId: OTHER_PROJECT },
      );
    await create('stays');
    await tagging.ensure(['stays'], { workspace: 'w-elsewhere', projectId: OTHER_PROJECT });
    await remove(OTHER_PROJECT, 2);
    await eventually(async () => expect(await left(OTHER_PROJECT)).toBe(0));
    expect(await left(LIBRARY)).toBe(1);
    expect(await tagging.ensure(['stays'], { workspace: 'w-elsewhere', projectId: OTHER_PROJECT })).toHaveLength(1);
    expect(tagging.catalog.changes).toEqual([]);
  });

  it('gets no new tags from who has not heard of it', async () => {
    const { id } = await create('old', { projectId: OTHER_PROJECT });
    const making = Promise.allSettled(times(20, (n) => create(`new ${n}`, { projectId: OTHER_PROJECT })));
    await remove(OTHER_PROJECT);
    await making;
    await eventually(async () => expect(await left(OTHER_PROJECT)).toBe(0));
    for (const late of [
      () => create('late', { projectId: OTHER_PROJECT }),
      () => tagging.ensure(['late'], { workspace, projectId: OTHER_PROJECT }),
      () => update(id, { projectId: OTHER_PROJECT, name: 'late' }),
    ])
      await expect(late()).rejects.toEqual(fails('NOT_FOUND'));
    expect(await left(OTHER_PROJECT)).toBe(0);
  });

  it('is remembered for a day, and gets no tags afterwards', async () => {
    await create('old', { projectId: OTHER_PROJECT });
    await remove(OTHER_PROJECT);
    const revisions = modelOf<{ _id: string; closedAt?: Date }>(TAG_REVISION_MODEL);
    const _id = `${workspace}/${OTHER_PROJECT}`;
    await eventually(async () => expect((await revisions.findById(_id).lean())?.closedAt).toBeInstanceOf(Date));
    expect(await revisions.collection.indexes()).toContainEqual(
      expect.objectContaining({ key: { closedAt: 1 }, expireAfterSeconds: 86_400 }),
    );
    await revisions.deleteOne({ _id });
    await expect(create('late', { projectId: OTHER_PROJECT })).rejects.toEqual(fails('NOT_FOUND'));
  });
});
