import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  imageContracts as images,
  trainingImageContracts as training,
  type RequestOf,
  type TrainingImage,
} from '@pentaprism/contracts';
import { IMAGE_MODEL, type ImageDocument } from '../images/image.schema.js';
import { setClock } from '../catalog.fixture.js';
import { idsOf, newId, newTag, times, type TrainingFixture } from './training.fixture.js';
import { setUpTraining } from './training-suite.fixture.js';

let fixture: TrainingFixture;
let projectId: string;
let workspace: string;

const list = (request: Partial<RequestOf<typeof training.list>> = {}) =>
  fixture.call(training.list, { projectId, limit: 256, ...request });
const count = async (request: Partial<RequestOf<typeof training.count>> = {}) =>
  (await fixture.call(training.count, { projectId, ...request })).count;
const records = () => fixture.findImages(projectId);

setUpTraining('training-lists', (test) => {
  ({ fixture, projectId } = test);
  ({ workspace } = fixture);
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a list', () => {
  it('is of one order and its exact reverse, for every selection', async () => {
    const [one, two, three] = [newTag(), newTag(), newTag()];
    const made: { image: TrainingImage; tags: string[] }[] = [];
    for (const tags of [[one], [], [two, one], [three], [], [two], [one, two, three]])
      for (const image of await fixture.addNew(projectId, 3, tags))
        made.push({ image, tags: tags.map(({ id }) => id) });
    const expected = (keep: (tags: string[]) => boolean) =>
      made.filter(({ tags }) => keep(tags)).map(({ image }) => image.id);
    const selections: [Partial<RequestOf<typeof training.count>>, string[]][] = [
      [{}, expected(() => true)],
      [{ tagging: 'tagged' }, expected((tags) => tags.length > 0)],
      [{ tagging: 'untagged' }, expected((tags) => tags.length === 0)],
      [{ anyOfTags: [one.id] }, expected((tags) => tags.includes(one.id))],
      [
        { anyOfTags: [two.id, three.id, newId()] },
        expected((tags) => tags.includes(two.id) || tags.includes(three.id)),
      ],
      [{ anyOfTags: [one.id], tagging: 'tagged' }, expected((tags) => tags.includes(one.id))],
      [{ anyOfTags: [one.id], tagging: 'untagged' }, []],
      [{ anyOfTags: [] }, []],
      [{ anyOfTags: [newId()] }, []],
    ];
    for (const [selection, ids] of selections) {
      expect(await list({ ...selection, order: 'oldest' })).toMatchObject({ end: true });
      expect(idsOf((await list({ ...selection, order: 'oldest' })).images)).toEqual(ids);
      expect(idsOf((await list(selection)).images)).toEqual([...ids].reverse());
      expect(await count(selection)).toBe(ids.length);
      for (const limit of [0, 1, 5, ids.length, 256]) {
        const page = await list({ ...selection, order: 'oldest', offset: 1, limit });
        expect(idsOf(page.images)).toEqual(ids.slice(1, 1 + limit));
        expect(page.end).toBe(1 + limit >= ids.length);
      }
    }
    expect(await fixture.call(training.countByTag, { projectId })).toEqual({
      tagged: 15,
      untagged: 6,
      tags: [one, two, three]
        .map(({ id }) => ({ tagId: id, count: made.filter(({ tags }) => tags.includes(id)).length }))
        .sort((a, b) => (a.tagId < b.tagId ? -1 : 1)),
    });
  });

  it('has pages without overlap while images are added', async () => {
    await fixture.addNew(projectId, 20);
    let adding = true;
    const adder = (async () => {
      while (adding) await fixture.addNew(projectId, 4);
    })();
    const seen: string[] = [];
    for (let rounds = 0; rounds < 30; rounds++) {
      const { images: page } = await list({ order: 'oldest', offset: seen.length, limit: 7 });
      seen.push(...idsOf(page));
    }
    adding = false;
    await adder;
    expect(new Set(seen).size).toBe(seen.length);
    const all = (await records()).map(({ _id }) => _id.toHexString());
    expect(seen).toEqual(all.slice(0, seen.length));
    expect(seen.length).toBeGreaterThan(20);
  });

  it('that was kept is known to hold until something of it may have changed', async () => {
    const tag = newTag();
    const made = await fixture.addNew(projectId, 2);
    const content = await fixture.putBytes();
    let known = '';
    const isUnchanged = async () => {
      const { unchanged, revision, images: page } = await list({ known });
      expect(page).toHaveLength(unchanged ? 0 : await count());
      known = revision ?? '';
      return unchanged;
    };
    expect(await isUnchanged()).toBe(false);
    const imageId = made[0]?.id ?? '';
    const changes: (() => Promise<unknown>)[] = [
      () => fixture.addNew(projectId, 1),
      () => fixture.call(training.addTags, { projectId, taggings: [{ imageId, tag }] }),
      () => fixture.call(images.applyTag, { tagId: tag.id, projectId, name: 'renamed', revision: 1 }),
      () => fixture.call(training.removeTags, { projectId, imageIds: [imageId], tagIds: [tag.id] }),
      () => fixture.call(images.create, { projectId, fileName: 'a', announcedSize: 1, tags: [], content }),
      () => fixture.report(content.sha256),
      () => fixture.call(training.deleteMany, { projectId, ids: [imageId] }),
    ];
    for (const change of changes) {
      expect(await isUnchanged()).toBe(true);
      await change();
      expect(await isUnchanged()).toBe(false);
    }
    const expiresAt = new Date(Date.now() + 60_000);
    await fixture.model<ImageDocument>(IMAGE_MODEL).updateOne({ _id: made[1]?.id }, { expiresAt });
    expect((await list()).revision).toBeNull();
  });

  it('has what is decoded only, from the moment on when it is', async () => {
    const content = await fixture.putBytes();
    const { id } = await fixture.call(images.create, { projectId, fileName: 'a', announcedSize: 1, tags: [], content });
    await fixture.call(images.create, { projectId, fileName: 'b', announcedSize: 1, tags: [], content: null });
    expect([await count(), (await list()).images]).toEqual([0, []]);
    expect((await fixture.call(training.getMany, { projectId, ids: [id] })).images).toEqual([]);
    await fixture.report(content.sha256);
    expect([await count(), idsOf((await list()).images)]).toEqual([1, [id]]);
    const bad = await fixture.putBytes();
    await fixture.call(images.create, { projectId, fileName: 'c', announcedSize: 1, tags: [], content: bad });
    await fixture.report(bad.sha256, { state: 'undecodable', reason: 'x' });
    expect([await count(), idsOf((await list()).images)]).toEqual([1, [id]]);
  });

  it('has an image that expires until its very millisecond', async () => {
    const made = await fixture.addNew(projectId, 2);
    const id = made[0]?.id ?? '';
    // Later than the rounds that remove it look.
    const expiresAt = Date.now() + 60_000;
    await fixture.model<ImageDocument>(IMAGE_MODEL).updateOne({ _id: id }, { expiresAt: new Date(expiresAt) });
    const state = async () => {
      const { untagged } = await fixture.call(training.countByTag, { projectId });
      const { images: got } = await fixture.call(training.getMany, { projectId, ids: [id] });
      return [await count(), untagged, (await list()).images.length, got.length];
    };
    setClock(expiresAt - 1);
    expect(await state()).toEqual([2, 2, 2, 1]);
    expect(await state()).toEqual([2, 2, 2, 1]);
    setClock(expiresAt);
    expect(await state()).toEqual([1, 1, 1, 0]);
  });

  it('has images of earlier versions, which do not say whether they are tagged, nor since when', async () => {
    const tag = newTag();
    const [bare, tagged] = [...(await fixture.addNew(projectId, 1)), ...(await fixture.addNew(projectId, 1, [tag]))];
    const collection = fixture.model<ImageDocument>(IMAGE_MODEL).collection;
    await collection.updateMany({ workspace, tags: { $ne: [] } }, { $unset: { tagged: 1, 'tags.$[].at': 1 } });
    await collection.updateMany({ workspace, tags: [] }, { $unset: { tagged: 1 } });
    for (const order of ['newest', 'oldest'] as const) {
      expect((await list({ order })).images).toHaveLength(2);
      expect(idsOf((await list({ order, tagging: 'tagged' })).images)).toEqual([tagged?.id]);
      expect(idsOf((await list({ order, tagging: 'untagged' })).images)).toEqual([bare?.id]);
    }
    expect([await count(), await count({ tagging: 'tagged' }), await count({ tagging: 'untagged' })]).toEqual([
      2, 1, 1,
    ]);
    expect((await list({ tagging: 'tagged' })).images[0]?.tags).toEqual([{ ...tag, taggedAt: tagged?.createdAt }]);
    expect(await fixture.call(training.countByTag, { projectId })).toMatchObject({ tagged: 1, untagged: 1 });
  });

  it('reads hardly more than it answers, whatever it is of', async () => {
    const tags = times(20, () => newTag());
    for (const tag of tags) await fixture.addNew(projectId, 12, [tag]);
    await fixture.addNew(projectId, 12);
    const database = fixture.model<ImageDocument>(IMAGE_MODEL).db.db;
    const anyOf = (number: number) => ({ anyOfTags: tags.slice(0, number).map(({ id }) => id) });
    for (const selection of [
      {},
      { tagging: 'tagged' },
      { tagging: 'untagged' },
      anyOf(1),
      anyOf(5),
      anyOf(20),
    ] as const)
      for (const order of ['newest', 'oldest'] as const) {
        const since = new Date();
        await database?.command({ profile: 2 });
        await list({ ...selection, order, limit: 10 });
        await database?.command({ profile: 0 });
        const [read] = (await database
          ?.collection('system.profile')
          .find({ ts: { $gte: since }, 'command.find': 'images', 'command.sort.createdSecond': { $exists: true } })
          .toArray()) as unknown as Partial<
          Record<'keysExamined' | 'docsExamined' | 'nreturned' | 'hasSortStage', number>
        >[];
        expect(read?.nreturned).toBe(11);
        expect(read?.hasSortStage).toBeUndefined();
        // Of each of 20 parts of the index, the first key is read.
        expect(read?.keysExamined).toBeLessThan(11 + 2 * 20);
        expect(read?.docsExamined).toBeLessThan(11 + 2 * 20);
      }
  });
});
