import { describe, expect, it } from '@jest/globals';
import {
  imageContracts as images,
  snapshotContracts as snapshots,
  trainingImageContracts as training,
  type TagReference,
} from '@pentaprism/contracts';
import { MAX_TAGS_PER_IMAGE } from '@pentaprism/domain';
import type { StartedCatalog } from '../catalog.fixture.js';
import { idsOf, newId, newTag, taggingsOf, times, type TrainingFixture } from './training.fixture.js';
import { setUpTrainingOfTwo } from './training-suite.fixture.js';

let catalog: StartedCatalog;
let second: StartedCatalog;
let fixture: TrainingFixture;
let projectId: string;

const add = (imageIds: readonly string[], tags: readonly TagReference[], of = catalog) =>
  of.call(training.addTags, { projectId, taggings: taggingsOf(imageIds, tags) }, fixture.workspace);
const remove = (imageIds: string[], tags: readonly TagReference[], of = catalog) =>
  of.call(training.removeTags, { projectId, imageIds, tagIds: idsOf(tags) }, fixture.workspace);
const namesOf = async (id: string) => (await fixture.findImage(id))?.tags.map(({ name }) => name).sort();
const revision = async () => (await fixture.call(snapshots.revision, { projectId })).revision;
/** What counts say, after checking that it is what lists and records say. */
async function counts() {
  const found = await fixture.call(training.countByTag, { projectId });
  const { images: all } = await fixture.call(training.list, { projectId, limit: 256 });
  expect(found.tagged).toBe(all.filter(({ tags }) => tags.length > 0).length);
  expect(found.untagged).toBe(all.filter(({ tags }) => tags.length === 0).length);
  for (const tagging of ['tagged', 'untagged'] as const)
    expect(await fixture.call(training.count, { projectId, tagging })).toEqual({ count: found[tagging] });
  for (const { tagId, count } of found.tags) {
    expect(all.filter(({ tags }) => tags.some(({ id }) => id === tagId))).toHaveLength(count);
    expect(await fixture.call(training.count, { projectId, anyOfTags: [tagId] })).toEqual({ count });
  }
  return found;
}

setUpTrainingOfTwo('training-tags', (test) => ({ catalog, second, fixture, projectId } = test));

describe('tags that are given', () => {
  it('are there once, since the first time', async () => {
    const ids = idsOf(await fixture.addNew(projectId, 3));
    const [one, two] = [newTag(), newTag()];
    const before = await revision();
    expect((await add(ids, [one])).statuses).toEqual(['created', 'created', 'created']);
    expect(await revision()).not.toBe(before);
    const { images: tagged } = await fixture.call(training.list, { projectId, limit: 10 });
    const after = await revision();
    expect((await add(ids, [one])).statuses).toEqual(['present', 'present', 'present']);
    // What changes nothing writes nothing.
    expect(await revision()).toBe(after);
    expect((await add([ids[0] ?? ''], [one, two, two])).statuses).toEqual(['present', 'created', 'present']);
    const { images: again } = await fixture.call(training.list, { projectId, limit: 10, order: 'oldest' });
    expect(again[0]?.tags[0]).toEqual(tagged.at(-1)?.tags[0]);
    expect(await counts()).toMatchObject({ tagged: 3, untagged: 0 });
  });

  it('are as many as an image may have', async () => {
    const [full, room] = idsOf(await fixture.addNew(projectId, 2)) as [string, string];
    const tags = times(MAX_TAGS_PER_IMAGE, () => newTag());
    await add([full], tags.slice(0, 60));
    await add([full], tags.slice(60));
    await add([room], tags.slice(0, 98));
    const more = [newTag(), newTag(), newTag()];
    expect((await add([full, room], [tags[0] as TagReference, ...more])).statuses).toEqual([
      ...['present', 'exceeded', 'exceeded', 'exceeded'],
      ...['present', 'created', 'created', 'exceeded'],
    ]);
    expect(await namesOf(full)).toHaveLength(MAX_TAGS_PER_IMAGE);
    expect(await namesOf(room)).toHaveLength(MAX_TAGS_PER_IMAGE);
  });

  it('are given to all images or none', async () => {
    const [id] = idsOf(await fixture.addNew(projectId, 1)) as [string];
    const [foreign] = idsOf(await fixture.addNew(await fixture.makeProject(), 1)) as [string];
    const content = await fixture.putBytes();
    const image = { fileName: 'a', announcedSize: 1, tags: [], content };
    const pending = await fixture.call(images.create, { projectId, ...image });
    const missing = [newId(), foreign, pending.id];
    await expect(add([id, ...missing], [newTag()])).rejects.toMatchObject({
      code: 'NOT_FOUND',
      details: { imageIds: missing },
    });
    const gone = newTag();
    await fixture.call(images.applyTag, { tagId: gone.id, projectId, name: null, revision: 1 });
    await expect(add([id], [newTag(), gone])).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await namesOf(id)).toEqual([]);
    await remove([id, ...missing], [newTag()]);
  });

  it('are kept with the time that they came when all tags of an image are replaced', async () => {
    const [one, two] = [newTag(), newTag()];
    const [made] = await fixture.addNew(projectId, 1, [one]);
    if (!made) throw new Error('no image');
    const since = made.tags[0]?.taggedAt;
    await new Promise((next) => setTimeout(next, 20));
    await fixture.call(images.setTags, { id: made.id, tags: [two, one] });
    const { images: found } = await fixture.call(training.getMany, { projectId, ids: [made.id] });
    expect(found[0]?.tags).toEqual([
      { ...two, taggedAt: expect.any(Number) },
      { ...one, taggedAt: since },
    ]);
    expect(found[0]?.tags[0]?.taggedAt).toBeGreaterThan(since ?? 0);
  });
});

describe('tags that are taken away', () => {
  it('leave the others, and images that have none are untagged, no matter which call took the last one', async () => {
    const [one, two] = [newTag(), newTag()];
    const ids = idsOf(await fixture.addNew(projectId, 4, [one, two]));
    await remove(ids.slice(0, 2), [one]);
    await remove(ids.slice(0, 1), [one, two]);
    expect(await counts()).toMatchObject({ tagged: 3, untagged: 1 });
    const before = await revision();
    await remove(ids.slice(0, 1), [one, two]);
    expect(await revision()).toBe(before);
    await fixture.call(images.applyTag, { tagId: two.id, projectId, name: null, revision: 1 });
    expect(await counts()).toMatchObject({ tagged: 2, untagged: 2, tags: [{ tagId: one.id, count: 2 }] });
    await fixture.call(images.setTags, { id: ids[2] ?? '', tags: [] });
    expect(await counts()).toMatchObject({ tagged: 1, untagged: 3 });
    await fixture.call(images.setTags, { id: ids[0] ?? '', tags: [one] });
    expect(await counts()).toMatchObject({ tagged: 2, untagged: 2 });
  });
});

it('twenty who give and take at once, at two catalogs, leave what each of them said last', async () => {
  const ids = idsOf(await fixture.addNew(projectId, 6));
  const [everywhere, nowhere] = [newTag(), newTag()];
  const own = times(20, () => newTag());
  await add(ids, [nowhere]);
  await Promise.all(
    own.map(async (tag, n) => {
      const of = n % 2 ? catalog : second;
      const mine = n % 3 ? ids : [...ids].reverse();
      await add(mine, [tag, everywhere], of);
      if (n % 4 === 0) await remove(mine, [tag, nowhere], of);
    }),
  );
  const expected = [everywhere, ...own.filter((_, n) => n % 4 !== 0)].map(({ name }) => name).sort();
  for (const id of ids) expect(await namesOf(id)).toEqual(expected);
  expect((await counts()).tags).toHaveLength(expected.length);
});
