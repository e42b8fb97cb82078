import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Bus, watchFact, watchSignal } from '@pentaprism/bus';
import {
  imageContracts as images,
  projectContracts as projects,
  projectDeleted,
  projectGone,
  radiographContracts as radiographs,
  snapshotContracts as snapshots,
  trainingImageContracts as training,
  type RequestOf,
  type Rpc,
} from '@pentaprism/contracts';
import { MAX_PROJECTS_PER_WORKSPACE } from '@pentaprism/domain';
import { eventually, testScope } from '@pentaprism/testing';
import { Types } from 'mongoose';
import { IMAGE_MODEL, type ImageDocument } from '../images/image.schema.js';
import { PROJECT_MODEL, type ProjectDocument } from './project.schema.js';
import { SNAPSHOT_IMAGE_MODEL } from '../training/snapshot.schema.js';
import { startCatalog, type StartedCatalog } from '../catalog.fixture.js';
import { newId, newTag, times, TrainingFixture } from '../training/training.fixture.js';
import { FORGET_AFTER_MS, RemoveProjects } from '../housekeeping/remove-projects.usecase.js';

const notFound = expect.objectContaining({ code: 'NOT_FOUND' });
const TRAINING = { domain: 'general', classificationType: 'multilabel', exportPlatforms: [] as string[] } as const;

let catalog: StartedCatalog;
let fixture: TrainingFixture;
let workspace: string;

const call = <R extends Rpc>(rpc: R, request: RequestOf<R>) => fixture.call(rpc, request);
const outcomeOf = (pending: Promise<unknown>) => fixture.outcomeOf(pending);
const create = (name: string, changes: Partial<RequestOf<typeof projects.create>> = {}) =>
  call(projects.create, { name, description: '', training: { ...TRAINING, exportPlatforms: [] }, ...changes });
const namesOf = async () => (await call(projects.list, {})).projects.map(({ name }) => name);
const removal = () => catalog.app.get(RemoveProjects, { strict: false });
const imagesOf = (projectId: string) =>
  fixture
    .model<ImageDocument>(IMAGE_MODEL)
    .collection.countDocuments({ workspace, project: new Types.ObjectId(projectId) });

beforeAll(async () => {
  catalog = await startCatalog(testScope('projects'));
});
afterAll(() => catalog.stop());
beforeEach(async () => {
  workspace = await catalog.makeWorkspace();
  fixture = new TrainingFixture(catalog, workspace);
});

describe('a project', () => {
  it('is made, found, listed and changed', async () => {
    const settings = {
      domain: 'general-compact',
      classificationType: 'multiclass',
      exportPlatforms: ['CoreML'],
    } as const;
    const made = await create('cats', {
      description: 'all of them',
      training: { ...settings, exportPlatforms: ['CoreML'] },
    });
    expect(made).toMatchObject({ name: 'cats', description: 'all of them', training: settings, imageCount: 0 });
    expect(made.modifiedAt).toBe(made.createdAt);
    expect(await call(projects.get, { id: made.id })).toEqual(made);
    expect(await call(projects.resolve, { id: made.id })).toEqual({ project: made.id });
    expect(await namesOf()).toEqual(['library', 'cats']);
    const changed = await call(projects.update, { id: made.id, training: { classificationType: 'multilabel' } });
    expect(changed).toMatchObject({ name: 'cats', training: { ...settings, classificationType: 'multilabel' } });
    expect(changed.modifiedAt).toBeGreaterThanOrEqual(made.modifiedAt);
    const renamed = await call(projects.update, { id: made.id, name: 'dogs', description: '' });
    expect(renamed).toMatchObject({ name: 'dogs', description: '', training: changed.training });
    expect(await call(projects.get, { id: made.id })).toEqual(renamed);
  });

  it('has a name of its own, also when twenty come at once', async () => {
    const outcomes = await Promise.all(times(20, () => outcomeOf(create('cats'))));
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'CONFLICT')).toHaveLength(19);
    const other = await create('caf\u00e9');
    expect(await outcomeOf(create('cafe\u0301'))).toBe('CONFLICT');
    expect(await outcomeOf(call(projects.update, { id: other.id, name: 'cats' }))).toBe('CONFLICT');
    await call(projects.update, { id: other.id, name: 'caf\u00e9', description: 'the same name' });
    for (const name of ['library', 'filters']) {
      expect(await outcomeOf(create(name))).toBe('CONFLICT');
      expect(await outcomeOf(call(projects.update, { id: other.id, name }))).toBe('CONFLICT');
    }
    // Its name is free again with its end.
    await call(projects.delete, { id: other.id });
    await create('caf\u00e9');
  });

  it('of an earlier version has what nobody chose, and can be changed', async () => {
    const _id = new Types.ObjectId();
    const createdAt = new Date(1_700_000_000_000);
    await fixture
      .model<ProjectDocument>(PROJECT_MODEL)
      .collection.insertOne({ _id, workspace, name: 'old', createdAt } as ProjectDocument);
    const id = _id.toHexString();
    expect(await call(projects.get, { id })).toEqual({
      id,
      name: 'old',
      uniqueName: 'old',
      description: '',
      training: TRAINING,
      createdAt: createdAt.getTime(),
      modifiedAt: createdAt.getTime(),
      imageCount: 0,
    });
    const changed = await call(projects.update, { id, training: { domain: 'general-compact' } });
    expect(changed.training).toEqual({ ...TRAINING, domain: 'general-compact' });
  });

  it('that each workspace has keeps its name, and stays', async () => {
    const info = { binning: 'unbinned', lut: null } as const;
    const source = await fixture.putBytes();
    await call(radiographs.create, { source, info, session: null, timeToLive: 3600 });
    const { projects: all } = await call(projects.list, {});
    expect(all.map(({ name }) => name)).toEqual(['library', 'filters']);
    expect(all.map(({ uniqueName }) => uniqueName)).toEqual(['library', 'filters']);
    for (const { id } of all) {
      expect(await outcomeOf(call(projects.delete, { id }))).toBe('FAILED_PRECONDITION');
      expect(await outcomeOf(call(projects.update, { id, name: 'other' }))).toBe('FAILED_PRECONDITION');
      expect(await call(projects.update, { id, description: 'x' })).toMatchObject({ description: 'x' });
    }
  });

  it('is in one workspace only', async () => {
    const { id } = await create('cats');
    const other = new TrainingFixture(catalog, await catalog.makeWorkspace());
    await expect(other.call(projects.update, { id, description: 'x' })).rejects.toEqual(notFound);
    await expect(other.call(projects.delete, { id })).rejects.toEqual(notFound);
    await other.makeProject('cats');
    expect(await call(projects.get, { id })).toMatchObject({ description: '' });
  });

  it('is refused when there are as many as may be, also when several come at once', async () => {
    const createdAt = new Date();
    const others = times(MAX_PROJECTS_PER_WORKSPACE - 2, (n) => ({
      _id: new Types.ObjectId(),
      workspace,
      name: `p${n}`,
      uniqueName: `p${n}`,
      createdAt,
    }));
    await fixture.model<ProjectDocument>(PROJECT_MODEL).collection.insertMany(others);
    const outcomes = await Promise.all(times(6, (n) => outcomeOf(create(`new ${n}`))));
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(2);
    expect(outcomes.filter((outcome) => outcome === 'FAILED_PRECONDITION')).toHaveLength(4);
    await call(projects.delete, { id: (others[0] as ProjectDocument)._id.toHexString() });
    await create('one more');
  });
});

describe('a deleted project', () => {
  it('is gone for every reader when the answer comes, and is deleted once', async () => {
    const projectId = await fixture.makeProject('cats');
    const [image] = await fixture.addNew(projectId, 1, [newTag()]);
    const id = image?.id ?? '';
    // Its images are still there when it is asked for them.
    const soon = jest.spyOn(RemoveProjects.prototype, 'removeAll').mockResolvedValue();
    const outcomes = await Promise.all(times(5, () => outcomeOf(call(projects.delete, { id: projectId }))));
    expect([...outcomes].sort()).toEqual(['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND', 'done']);
    for (const [rpc, request] of [
      [images.get, { id }],
      [images.getPicture, { projectId, id }],
      [projects.get, { id: projectId }],
      [projects.resolve, { id: projectId }],
      [projects.update, { id: projectId, description: 'x' }],
      [images.list, { projectId }],
      [images.choosePictures, { projectId, count: 1, seed: '' }],
      [training.list, { projectId, limit: 1 }],
      [training.count, { projectId }],
      [training.countByTag, { projectId }],
      [training.getMany, { projectId, ids: [id] }],
      [training.addTags, { projectId, taggings: [{ imageId: id, tag: newTag() }] }],
      [snapshots.create, { projectId, snapshotId: newId() }],
      [snapshots.revision, { projectId }],
    ] as const)
      await expect(call(rpc as Rpc, request)).rejects.toEqual(notFound);
    expect((await call(images.getContents, { ids: [id] })).contents).toEqual([]);
    expect(await imagesOf(projectId)).toBe(1);
    soon.mockRestore();
    expect(await namesOf()).toEqual(['library']);
    expect(await outcomeOf(fixture.add(projectId, await fixture.decoded()))).toBe('NOT_FOUND');
  });

  it('is told of, once, and at once to those who remember it', async () => {
    const id = await fixture.makeProject();
    const { connection } = catalog.app.get(Bus, { strict: false });
    const heard: string[] = [];
    const stops = [
      watchFact(connection, projectDeleted, (data) => heard.push(`fact ${(data as { projectId: string }).projectId}`)),
      watchSignal(connection, projectGone, ({ projectId }) => heard.push(`signal ${projectId}`)),
    ];
    await connection.nats.flush();
    await call(projects.delete, { id });
    await call(projects.delete, { id }).catch(() => undefined);
    await eventually(() => expect([...heard].sort()).toEqual([`fact ${id}`, `signal ${id}`]));
    for (const stop of stops) stop();
  });

  it('takes its images, its snapshots and their bytes along, and no others', async () => {
    const [gone, kept] = [await fixture.makeProject(), await fixture.makeProject()];
    const [own, shared] = [await fixture.decoded(3), await fixture.decoded(2)];
    await fixture.add(gone, [...own, ...shared]);
    await fixture.add(kept, shared);
    const snapshotId = newId();
    await call(snapshots.create, { projectId: gone, snapshotId });
    await call(projects.delete, { id: gone });
    await eventually(async () => expect(await imagesOf(gone)).toBe(0));
    await eventually(async () =>
      expect(await fixture.model(SNAPSHOT_IMAGE_MODEL).collection.countDocuments({ workspace })).toBe(0),
    );
    expect(await call(training.count, { projectId: kept })).toEqual({ count: 2 });
    await fixture.collect();
    for (const { sha256 } of own) expect(await fixture.isStored(sha256)).toBe(false);
    for (const { sha256 } of shared) expect(await fixture.isStored(sha256)).toBe(true);
  });

  it('leaves nothing when images are added all the time', async () => {
    for (let round = 0; round < 3; round++) {
      const projectId = await fixture.makeProject();
      let adding = true;
      const lanes = times(4, async (lane) => {
        while (adding) {
          if (lane % 2) await fixture.addNew(projectId, 3).catch(() => undefined);
          else
            await call(images.create, { projectId, fileName: 'a', announcedSize: 1, tags: [], content: null }).catch(
              () => undefined,
            );
        }
      });
      await eventually(async () => expect(await imagesOf(projectId)).toBeGreaterThan(10));
      await call(projects.delete, { id: projectId });
      await removal().removeAll();
      await eventually(async () => expect(await imagesOf(projectId)).toBe(0));
      adding = false;
      await Promise.all(lanes);
      expect(await imagesOf(projectId)).toBe(0);
      expect(await call(projects.list, {})).toMatchObject({ total: 1 });
    }
  });

  it('is removed by whoever finds it, and forgotten when nothing can come any more', async () => {
    const projectId = await fixture.makeProject();
    await fixture.addNew(projectId, 2);
    const projectModel = fixture.model<ProjectDocument>(PROJECT_MODEL);
    // As if the catalog had died right after its transaction.
    await projectModel.updateOne({ _id: projectId }, { deletedAt: new Date() });
    await removal().removeAll();
    expect(await imagesOf(projectId)).toBe(0);
    const emptied = () => projectModel.findById(projectId).lean();
    await eventually(async () => expect((await emptied())?.emptiedAt).toBeInstanceOf(Date));
    // What was completed too late for the first time.
    const [late] = await fixture.decoded();
    await fixture.model<ImageDocument>(IMAGE_MODEL).collection.insertOne({
      workspace,
      project: new Types.ObjectId(projectId),
      number: 1_000_000,
      sha256: late?.sha256,
      tags: [],
    } as never);
    await removal().removeAll(Date.now() + FORGET_AFTER_MS + 1000);
    expect(await imagesOf(projectId)).toBe(0);
    expect(await emptied()).toBeNull();
    expect(
      await projectModel.db.collection('image_counts').countDocuments({ project: new Types.ObjectId(projectId) }),
    ).toBe(0);
  });
});
