import { describe, expect, it } from '@jest/globals';
import {
  imageContracts as images,
  trainingImageContracts as training,
  type RequestOf,
  type ResponseOf,
  type TrainingImage,
} from '@pentaprism/contracts';
import { MAX_TAGS_PER_IMAGE, MAX_TRAINING_IMAGES_PER_PROJECT } from '@pentaprism/domain';
import { Types } from 'mongoose';
import { CONTENT_MODEL, type ContentDocument } from '../contents/content.schema.js';
import { ImageCountRepository } from '../projects/image-count.repository.js';
import type { StartedCatalog } from '../catalog.fixture.js';
import { idsOf, imageOf, newId, newTag, statusesOf, times, type TrainingFixture } from './training.fixture.js';
import { setUpTrainingOfTwo } from './training-suite.fixture.js';

let catalog: StartedCatalog;
let second: StartedCatalog;
let fixture: TrainingFixture;
let projectId: string;
let workspace: string;

const list = (request: Partial<RequestOf<typeof training.list>> = {}) =>
  fixture.call(training.list, { projectId, limit: 256, ...request });
const count = async (request: Partial<RequestOf<typeof training.count>> = {}) =>
  (await fixture.call(training.count, { projectId, ...request })).count;
const records = () => fixture.findImages(projectId);
const revision = async () =>
  (await catalog.app.get(ImageCountRepository, { strict: false }).get(workspace, new Types.ObjectId(projectId)))
    .revision;

setUpTrainingOfTwo('training-images', (test) => {
  ({ catalog, second, fixture, projectId } = test);
  ({ workspace } = fixture);
});

describe('images that are added', () => {
  it('are in the project with their tags and pictures, and images like all others', async () => {
    const [plain, large] = [await fixture.putBytes(), await fixture.putBytes()];
    await fixture.know([plain]);
    await fixture.know([large], true);
    const [one, two] = [newTag(), newTag()];
    const before = Date.now();
    const { outcomes, next } = await fixture.call(training.add, {
      projectId,
      images: [
        { fileName: 'a.png', content: plain, tags: [one, two, one] },
        { fileName: '', content: large, tags: [] },
      ],
    });
    expect([statusesOf(outcomes), next]).toEqual([['added', 'added'], null]);
    const [first, last] = outcomes.map(imageOf) as [TrainingImage, TrainingImage];
    const stored = await fixture.findContent(large.sha256);
    expect(first).toMatchObject({
      projectId,
      fileName: 'a.png',
      width: 40,
      height: 30,
      original: plain,
      expiresAt: null,
    });
    expect(first.resized).toBeNull();
    expect(last.resized).toMatchObject({ sha256: stored?.resized?.sha256 });
    expect(last.thumbnail).toEqual({ sha256: stored?.thumbnail?.sha256, size: 40, mediaType: 'image/png' });
    expect(first.tags.map(({ id, name, number }) => ({ id, name, number }))).toEqual([one, two]);
    for (const { taggedAt } of first.tags) {
      expect(taggedAt).toBeGreaterThan(before - 5000);
      expect(taggedAt).toBeLessThan(Date.now() + 5000);
    }
    expect(await list({ order: 'oldest' })).toMatchObject({ images: [first, last], end: true });
    expect(await fixture.call(training.getMany, { projectId, ids: [last.id, newId(), first.id] })).toEqual({
      images: [last, first],
      next: null,
    });
    expect(await fixture.call(images.get, { id: first.id })).toMatchObject({
      projectId,
      sha256: plain.sha256,
      createdBy: 'ann',
      tags: [one, two],
    });
    expect((await fixture.call(images.list, { projectId, uploadedOnly: true })).total).toBe(2);
    // Nothing that an image points to is collected.
    expect(await fixture.findContent(plain.sha256)).toMatchObject({ orphanedAt: null });
    await fixture.collect();
    expect(await fixture.isStored(plain.sha256)).toBe(true);
  });

  it('with the same bytes are one, which gets the tags of all', async () => {
    const [content] = await fixture.decoded();
    const [one, two, three] = [newTag(), newTag(), newTag()];
    if (!content) throw new Error('no content');
    const add = (...tags: (typeof one)[]) => fixture.add(projectId, [content], tags);
    const image = (tags: (typeof one)[]) => ({ fileName: 'a', content, tags });
    const batch = await fixture.call(training.add, { projectId, images: [image([one]), image([two])] });
    expect(statusesOf(batch.outcomes)).toEqual(['added', 'duplicate']);
    expect(batch.outcomes[0]).toMatchObject({ image: { tags: [one, two] } });
    const again = await add(two, three);
    expect(again).toMatchObject([{ status: 'duplicate', image: { tags: [one, two, three] } }]);
    const before = await revision();
    expect(await add(one, three)).toEqual(again);
    // What changes nothing writes nothing.
    expect(await revision()).toBe(before);
    const found = await records();
    expect(found).toHaveLength(1);
    expect(found[0]?.tags.map(({ name }) => name)).toEqual([one.name, two.name, three.name]);
    // In another project they are another image.
    expect(statusesOf(await fixture.add(await fixture.makeProject(), [content]))).toEqual(['added']);
  });

  it('find an image of these bytes that came another way, and not one that has others now', async () => {
    const [content, other] = await fixture.decoded(2);
    if (!content || !other) throw new Error('no content');
    const made = await fixture.call(images.create, { projectId, fileName: 'v1', announcedSize: 1, tags: [], content });
    const tag = newTag();
    expect(await fixture.add(projectId, [content], [tag])).toMatchObject([
      { status: 'duplicate', image: { id: made.id, fileName: 'v1', tags: [tag] } },
    ]);
    const [added] = (await fixture.add(projectId, [other])).map(imageOf);
    const [third] = await fixture.decoded();
    if (!third || !added) throw new Error('no content');
    await fixture.call(images.attach, { id: added.id, content: third });
    expect(statusesOf(await fixture.add(projectId, [other, third]))).toEqual(['added', 'duplicate']);
  });

  it('are one each, when two catalogs get the same bytes at once', async () => {
    const contents = await fixture.decoded(10);
    const outcomes = await Promise.all(
      times(20, (n) => {
        const tag = newTag();
        const batch = contents.map((content) => ({ fileName: 'a', content, tags: [tag] }));
        const of = n % 2 ? catalog : second;
        return of.call(training.add, { projectId, images: n % 4 < 2 ? batch : batch.reverse() }, workspace);
      }),
    );
    const statuses = outcomes.flatMap(({ outcomes: each }) => statusesOf(each));
    expect(statuses.filter((status) => status === 'added')).toHaveLength(10);
    expect(statuses.filter((status) => status === 'duplicate')).toHaveLength(190);
    const found = await records();
    expect(found.map(({ sha256 }) => sha256).sort()).toEqual(contents.map(({ sha256 }) => sha256).sort());
    for (const { tags } of found) expect(new Set(tags.map(({ name }) => name)).size).toBe(20);
    expect(await count()).toBe(10);
  });

  it('are refused one by one for what is wrong with them', async () => {
    const [good, full] = await fixture.decoded(2);
    const bad = await fixture.putBytes();
    if (!good || !full) throw new Error('no content');
    await fixture.model<ContentDocument>(CONTENT_MODEL).collection.insertOne({
      workspace,
      ...bad,
      state: 'undecodable',
      reason: 'x',
      createdAt: new Date(),
      orphanedAt: null,
      revision: 0,
    } as never);
    const tags = times(MAX_TAGS_PER_IMAGE, () => newTag());
    const { outcomes } = await fixture.call(training.add, {
      projectId,
      images: [
        { fileName: 'bad', content: bad, tags: [] },
        { fileName: 'more', content: full, tags: [...tags, newTag()] },
        { fileName: 'full', content: full, tags },
        { fileName: 'again', content: full, tags: tags.slice(0, 3) },
        { fileName: 'again', content: full, tags: [newTag()] },
        { fileName: 'good', content: good, tags: [] },
      ],
    });
    expect(statusesOf(outcomes)).toEqual([
      'undecodable',
      'too-many-tags',
      'added',
      'duplicate',
      'too-many-tags',
      'added',
    ]);
    expect((await records()).map(({ fileName, tags }) => [fileName, tags.length])).toEqual([
      ['full', MAX_TAGS_PER_IMAGE],
      ['good', 0],
    ]);
    expect((await fixture.findContent(bad.sha256))?.orphanedAt).toBeNull();
  });

  it('are all refused when one is not analysed, or has a tag that is not what it was', async () => {
    const [good] = await fixture.decoded();
    if (!good) throw new Error('no content');
    const unknown = await fixture.putBytes();
    expect(await fixture.outcomeOf(fixture.add(projectId, [good, unknown]))).toBe('FAILED_PRECONDITION');
    const tag = newTag();
    await fixture.call(images.applyTag, { tagId: tag.id, projectId, name: null, revision: 1 });
    expect(await fixture.outcomeOf(fixture.add(projectId, [good], [tag]))).toBe('CONFLICT');
    expect(await records()).toEqual([]);
    expect(await fixture.outcomeOf(fixture.add(newId(), [good]))).toBe('NOT_FOUND');
  });

  it('are refused when the project is full, but not those that it has', async () => {
    const contents = await fixture.decoded(4);
    await fixture.add(projectId, contents.slice(0, 1));
    const room = 2;
    const filled = MAX_TRAINING_IMAGES_PER_PROJECT - room - 1;
    const counts = catalog.app.get(ImageCountRepository, { strict: false });
    const others = [{ number: 1_000_000, total: filled, uploaded: filled }];
    await counts.note(workspace, new Types.ObjectId(projectId), others);
    const outcomes = await fixture.add(projectId, contents);
    expect(statusesOf(outcomes)).toEqual(['duplicate', 'added', 'added', 'too-many-images']);
  });

  it('are never more than a project may have, also when several calls add some at once', async () => {
    const room = 20;
    const counts = catalog.app.get(ImageCountRepository, { strict: false });
    const filled = MAX_TRAINING_IMAGES_PER_PROJECT - room;
    const others = [{ number: 1_000_000, total: filled, uploaded: filled }];
    await counts.note(workspace, new Types.ObjectId(projectId), others);
    const contents = await fixture.decoded(48);
    const outcomes = await Promise.all(
      times(8, (n) => {
        const batch = contents.slice(n * 6, n * 6 + 6).map((content) => ({ fileName: 'a', content, tags: [] }));
        return (n % 2 ? catalog : second).call(training.add, { projectId, images: batch }, workspace);
      }),
    );
    const statuses = outcomes.flatMap((each) => statusesOf(each.outcomes));
    expect(statuses.filter((status) => status === 'added')).toHaveLength(room);
    expect(statuses.filter((status) => status === 'too-many-images')).toHaveLength(28);
    expect(await records()).toHaveLength(room);
  });

  it('are answered as many at a time as one message holds, and the others are not touched', async () => {
    const contents = await fixture.decoded(12);
    const long = times(MAX_TAGS_PER_IMAGE, (n) => newTag(`${n} `.padEnd(150, '\u0001')));
    for (const content of contents) await fixture.add(projectId, [content], long.slice(0, 99));
    const extra = long.at(-1) as (typeof long)[number];
    const batch = contents.map((content) => ({ fileName: 'a', content, tags: [extra] }));
    const done: string[] = [];
    for (let start = 0, rounds = 1; ; rounds++) {
      const { outcomes, next } = await fixture.call(training.add, { projectId, images: batch.slice(start) });
      done.push(...statusesOf(outcomes));
      expect((await records()).filter(({ tags }) => tags.length === 100)).toHaveLength(done.length);
      if (next === null) {
        expect(rounds).toBeGreaterThan(1);
        break;
      }
      expect(next).toBe(outcomes.length);
      start += next;
    }
    expect(done).toEqual(times(12, () => 'duplicate'));
    // The same of pages, and of images by their ids.
    const all = (await records()).map(({ _id }) => _id.toHexString());
    const paged: string[] = [];
    for (let end = false; !end;) {
      const page: ResponseOf<typeof training.list> = await list({ order: 'oldest', offset: paged.length });
      paged.push(...idsOf(page.images));
      end = page.end;
    }
    expect(paged).toEqual(all);
    const got: string[] = [];
    for (let next: number | null = 0; next !== null;) {
      const ids = all.slice(got.length);
      const answer: ResponseOf<typeof training.getMany> = await fixture.call(training.getMany, { projectId, ids });
      got.push(...idsOf(answer.images));
      next = answer.next;
    }
    expect(got).toEqual(all);
  });
});

describe('a deletion of many', () => {
  it('removes those that the project has, with their counts and bytes', async () => {
    const made = await fixture.addNew(projectId, 70);
    const [foreign] = await fixture.addNew(await fixture.makeProject(), 1);
    const kept = made.slice(66);
    const ids = [...idsOf(made.slice(0, 66)), newId(), foreign?.id ?? ''];
    expect(await fixture.call(training.deleteMany, { projectId, ids })).toEqual({ deleted: 66 });
    expect(await fixture.call(training.deleteMany, { projectId, ids })).toEqual({ deleted: 0 });
    expect(await count()).toBe(4);
    expect((await fixture.call(images.list, { projectId })).total).toBe(4);
    expect(await fixture.call(images.get, { id: foreign?.id ?? '' })).toMatchObject({ id: foreign?.id });
    await fixture.collect();
    for (const { original, thumbnail } of made.slice(0, 66)) {
      expect(await fixture.isStored(original.sha256)).toBe(false);
      expect(await fixture.isStored(thumbnail.sha256, 'thumbnails')).toBe(false);
    }
    for (const { original } of kept) expect(await fixture.isStored(original.sha256)).toBe(true);
    // They may come again.
    expect(statusesOf(await fixture.add(projectId, [(kept[0] as TrainingImage).original]))).toEqual(['duplicate']);
  });

  it('by two at once removes each image once', async () => {
    const ids = idsOf(await fixture.addNew(projectId, 64));
    const deleted = await Promise.all(
      [catalog, second, catalog].map((of) => of.call(training.deleteMany, { projectId, ids }, workspace)),
    );
    expect(deleted.reduce((sum, each) => sum + each.deleted, 0)).toBe(64);
    expect((await fixture.call(images.list, { projectId })).total).toBe(0);
  });
});
