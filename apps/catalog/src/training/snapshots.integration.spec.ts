import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  imageContracts as images,
  projectContracts as projects,
  snapshotContracts as snapshots,
  trainingImageContracts as training,
  type RequestOf,
  type TrainingImage,
} from '@pentaprism/contracts';
import { eventually } from '@pentaprism/testing';
import { Types } from 'mongoose';
import { IMAGE_MODEL, type ImageDocument } from '../images/image.schema.js';
import { SnapshotRepository } from './snapshot.repository.js';
import { SNAPSHOT_IMAGE_MODEL, SNAPSHOT_MODEL, type SnapshotDocument } from './snapshot.schema.js';
import { setClock, type StartedCatalog } from '../catalog.fixture.js';
import { idsOf, newId, newTag, times, type TrainingFixture } from './training.fixture.js';
import { setUpTraining } from './training-suite.fixture.js';
import { ExpireImages } from '../housekeeping/expire-images.usecase.js';
import { ManageSnapshots } from './manage-snapshots.usecase.js';

const notFound = expect.objectContaining({ code: 'NOT_FOUND' });

let catalog: StartedCatalog;
let fixture: TrainingFixture;
let projectId: string;

const create = (snapshotId: string) => fixture.call(snapshots.create, { projectId, snapshotId });
const list = (request: Partial<RequestOf<typeof training.list>> = {}) =>
  fixture.call(training.list, { projectId, limit: 256, ...request });
const held = () => fixture.model(SNAPSHOT_IMAGE_MODEL).collection.countDocuments({ workspace: fixture.workspace });
const removeLeft = (now: number) => catalog.app.get(ManageSnapshots, { strict: false }).removeLeft(now);
const MINUTES = 60_000;

setUpTraining('snapshots', (test) => ({ catalog, fixture, projectId } = test));
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

describe('a snapshot', () => {
  it('is what the project was, whatever happens to that, and keeps the bytes until it is deleted', async () => {
    const [one, two] = [newTag('one'), newTag('two')];
    const made = [
      ...(await fixture.addNew(projectId, 3, [one])),
      ...(await fixture.addNew(projectId, 2, [one, two])),
      ...(await fixture.addNew(projectId, 2)),
    ];
    const snapshotId = newId();
    const before = await list();
    const taken = await create(snapshotId);
    expect(taken).toEqual({ images: 7, ...(await fixture.call(snapshots.revision, { projectId })) });

    await fixture.call(training.deleteMany, { projectId, ids: idsOf(made.slice(0, 2)) });
    await fixture.call(training.removeTags, { projectId, imageIds: idsOf(made.slice(2)), tagIds: [two.id] });
    await fixture.call(images.applyTag, { tagId: one.id, projectId, name: 'renamed', revision: 1 });
    await fixture.addNew(projectId, 2, [{ ...one, name: 'renamed' }]);
    expect((await fixture.call(snapshots.revision, { projectId })).revision).not.toBe(taken.revision);

    expect(await list({ snapshotId })).toEqual({ ...before, revision: expect.any(String) });
    expect(await list({ snapshotId, order: 'oldest' })).toMatchObject({ images: made, end: true });
    expect((await list({ snapshotId, order: 'oldest', anyOfTags: [two.id] })).images).toEqual(made.slice(3, 5));
    expect((await list({ snapshotId, tagging: 'untagged', order: 'oldest' })).images).toEqual(made.slice(5));
    expect(await fixture.call(training.count, { projectId, snapshotId, anyOfTags: [one.id] })).toEqual({ count: 5 });
    expect(await fixture.call(training.countByTag, { projectId, snapshotId })).toEqual({
      tagged: 5,
      untagged: 2,
      tags: [
        { tagId: one.id, count: 5 },
        { tagId: two.id, count: 2 },
      ],
    });
    const ids = idsOf([made[6], made[0]] as TrainingImage[]);
    const got = await fixture.call(training.getMany, { projectId, snapshotId, ids: [...ids, newId()] });
    expect(got).toEqual({ images: [made[6], made[0]], next: null });

    await fixture.collect();
    for (const { original, thumbnail } of made) {
      expect(await fixture.isStored(original.sha256)).toBe(true);
      expect(await fixture.isStored(thumbnail.sha256, 'thumbnails')).toBe(true);
    }
    await fixture.call(snapshots.delete, { projectId, snapshotId });
    await expect(list({ snapshotId })).rejects.toEqual(notFound);
    await eventually(async () => expect(await held()).toBe(0));
    await fixture.collect();
    for (const [i, { original }] of made.entries()) expect(await fixture.isStored(original.sha256)).toBe(i >= 2);
    await fixture.call(snapshots.delete, { projectId, snapshotId });
    await fixture.call(snapshots.delete, { projectId, snapshotId: newId() });
  });

  it('is the same one under the same id, also when it is asked for many times at once', async () => {
    const made = await fixture.addNew(projectId, 5);
    const snapshotId = newId();
    const taken = await Promise.all(times(6, () => create(snapshotId)));
    for (const each of taken) expect(each).toEqual(taken[0]);
    await fixture.addNew(projectId, 1);
    expect(await create(snapshotId)).toEqual(taken[0]);
    expect((await list({ snapshotId, order: 'oldest' })).images).toEqual(made);
    // What the others have copied is removed when they surely do not write any more.
    await removeLeft(Date.now() + 5 * MINUTES);
    expect(await held()).toBe(5);
    expect((await list({ snapshotId, order: 'oldest' })).images).toEqual(made);
  });

  it('is the same one when two attempts to begin meet before there is anything', async () => {
    await fixture.addNew(projectId, 1);
    for (const snapshotId of times(10, newId)) {
      const taken = await Promise.all(times(12, () => create(snapshotId)));
      for (const each of taken) expect(each).toEqual(taken[0]);
    }
  });

  it('is of its project only', async () => {
    await fixture.addNew(projectId, 1);
    const snapshotId = newId();
    await create(snapshotId);
    const other = await fixture.makeProject();
    await expect(fixture.call(snapshots.create, { projectId: other, snapshotId })).rejects.toEqual(notFound);
    await expect(list({ projectId: other, snapshotId })).rejects.toEqual(notFound);
    await fixture.call(snapshots.delete, { projectId: other, snapshotId });
    expect((await list({ snapshotId })).images).toHaveLength(1);
    await expect(list({ snapshotId: newId() })).rejects.toEqual(notFound);
  });

  it('of a project that changes meanwhile is copied again', async () => {
    await fixture.addNew(projectId, 3);
    const { copy } = SnapshotRepository.prototype;
    let changes = 2;
    jest.spyOn(SnapshotRepository.prototype, 'copy').mockImplementation(async function (
      this: SnapshotRepository,
      ...of
    ) {
      await copy.apply(this, of);
      if (changes-- > 0) await fixture.addNew(projectId, 1);
    });
    const snapshotId = newId();
    expect(await create(snapshotId)).toMatchObject({ images: 5 });
    expect((await list({ snapshotId })).images).toEqual((await list()).images);
  });

  it('of a project that changes all the time is taken, and says that it has changed', async () => {
    await fixture.addNew(projectId, 3);
    const { copy } = SnapshotRepository.prototype;
    jest.spyOn(SnapshotRepository.prototype, 'copy').mockImplementation(async function (
      this: SnapshotRepository,
      ...of
    ) {
      await copy.apply(this, of);
      await fixture.addNew(projectId, 1);
    });
    const snapshotId = newId();
    const { revision, images: count } = await create(snapshotId);
    expect(count).toBeGreaterThanOrEqual(3);
    expect((await fixture.call(snapshots.revision, { projectId })).revision).not.toBe(revision);
  });

  it('that a catalog died over is made by the next one who asks, and nothing is left of it', async () => {
    await fixture.addNew(projectId, 3);
    const snapshotId = newId();
    jest.spyOn(SnapshotRepository.prototype, 'complete').mockRejectedValueOnce(new Error('killed'));
    await expect(create(snapshotId)).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(list({ snapshotId })).rejects.toEqual(notFound);
    expect(await held()).toBe(3);
    expect(await create(snapshotId)).toMatchObject({ images: 3 });
    expect(await held()).toBe(6);
    await removeLeft(Date.now());
    expect(await held()).toBe(6);
    await removeLeft(Date.now() + 5 * MINUTES);
    expect(await held()).toBe(3);
    expect((await list({ snapshotId })).images).toHaveLength(3);
  });

  it('that nobody asks for again leaves nothing', async () => {
    const [image] = await fixture.addNew(projectId, 1);
    const snapshotId = newId();
    jest.spyOn(SnapshotRepository.prototype, 'complete').mockRejectedValueOnce(new Error('killed'));
    await create(snapshotId).catch(() => undefined);
    await fixture.call(images.delete, { id: image?.id ?? '' });
    await removeLeft(Date.now() + 5 * MINUTES);
    expect(await held()).toBe(0);
    expect(await fixture.model<SnapshotDocument>(SNAPSHOT_MODEL).findById(snapshotId).lean()).toBeNull();
    await fixture.collect();
    expect(await fixture.isStored(image?.original.sha256 ?? '')).toBe(false);
  });

  it('that was deleted while it was made stays deleted', async () => {
    await fixture.addNew(projectId, 2);
    const snapshotId = newId();
    const { copy } = SnapshotRepository.prototype;
    jest.spyOn(SnapshotRepository.prototype, 'copy').mockImplementationOnce(async function (
      this: SnapshotRepository,
      ...of
    ) {
      await fixture.call(snapshots.delete, { projectId, snapshotId });
      await copy.apply(this, of);
    });
    await expect(create(snapshotId)).rejects.toEqual(notFound);
    await removeLeft(Date.now() + 5 * MINUTES);
    expect(await held()).toBe(0);
  });

  it('keeps bytes whose last image was deleted between reading and writing it', async () => {
    const [image] = await fixture.addNew(projectId, 1);
    const snapshotId = newId();
    const { copy } = SnapshotRepository.prototype;
    jest.spyOn(SnapshotRepository.prototype, 'copy').mockImplementation(async function (
      this: SnapshotRepository,
      ...of
    ) {
      await copy.apply(this, of);
      // As if the deletion had looked for references before the copy was written.
      const mark = { orphanedAt: new Date(), transient: false };
      await fixture.model('Content').updateOne({ sha256: image?.original.sha256 }, { $set: mark });
      await fixture.model<ImageDocument>(IMAGE_MODEL).deleteOne({ _id: image?.id });
    });
    await create(snapshotId);
    await fixture.collect();
    expect(await fixture.isStored(image?.original.sha256 ?? '')).toBe(true);
    expect((await fixture.findContent(image?.original.sha256 ?? ''))?.orphanedAt).toBeNull();
    expect((await list({ snapshotId })).images).toEqual([image]);
  });

  it('has images that expire until they do, and no longer than that', async () => {
    const [image] = await fixture.addNew(projectId, 1);
    const expiresAt = Date.now() + MINUTES;
    const filter = { _id: new Types.ObjectId(image?.id ?? '') };
    await fixture.model<ImageDocument>(IMAGE_MODEL).updateOne(filter, { expiresAt: new Date(expiresAt) });
    const snapshotId = newId();
    await create(snapshotId);
    setClock(expiresAt - 1);
    expect((await list({ snapshotId })).images).toHaveLength(1);
    setClock(expiresAt);
    expect((await list({ snapshotId })).images).toHaveLength(0);
    jest.useRealTimers();
    await catalog.app.get(ExpireImages, { strict: false }).removeExpired(new Date(expiresAt));
    expect(await held()).toBe(0);
    await fixture.collect();
    expect(await fixture.isStored(image?.original.sha256 ?? '')).toBe(false);
  });

  it('is nobody’s when its project is gone', async () => {
    await fixture.addNew(projectId, 1);
    const snapshotId = newId();
    await create(snapshotId);
    await fixture.call(projects.delete, { id: projectId });
    await expect(list({ snapshotId })).rejects.toEqual(notFound);
    await expect(create(newId())).rejects.toEqual(notFound);
    await fixture.call(snapshots.delete, { projectId, snapshotId });
  });
});
