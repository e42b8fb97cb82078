import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestMicroservice } from '@nestjs/common';
import { getModelToken } from '@nestjs/mongoose';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus, connectBus, FactPublisher, type BusConnection } from '@pentaprism/bus';
import { readConfig } from '@pentaprism/config';
import {
  augmentationListContracts as lists,
  imageDeleted,
  projectDeleted,
  sampleContracts as samples,
  type RequestOf,
  type Rpc,
} from '@pentaprism/contracts';
import { MAX_SAMPLE_ROWS } from '@pentaprism/domain';
import { JOB_MODEL, type JobDocument } from '@pentaprism/jobs';
import { BLOB_STORE, createService } from '@pentaprism/service';
import { eventually, testScope, type TestScope } from '@pentaprism/testing';
import { Types, type Model } from 'mongoose';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PROJECT, StandInForCatalog } from './augmentation.fixture.js';
import { augmentationService } from './augmentation.service.js';
import { augmentationConfig } from './config.js';
import { SampleWorker } from './sample-worker.fixture.js';
import { FindLostSamples } from './usecases/find-lost-samples.usecase.js';
import { KEPT_SETS_PER_LIST } from './usecases/make-samples.effect.js';
import { SAMPLE_BLOB_GRACE_MS, SweepSamples, UNLISTED_SAMPLES_TTL_MS } from './usecases/sweep-samples.usecase.js';

const newId = () => new Types.ObjectId().toHexString();
const context = { workspace: 'w1', traceId: 't', actor: 'a' };

let scope: TestScope;
let directory: string;
let app: INestMicroservice;
let connection: BusConnection;
let bus: Bus;
let catalog: StandInForCatalog;
let worker: SampleWorker;

function call<R extends Rpc>(rpc: R, request: RequestOf<R>, workspace = 'w1') {
  return bus.call(rpc, request, { context: { ...context, workspace } });
}

const settings = {
  name: 'first',
  featureName: null,
  initialList: false,
  transformationProbability: 1,
  numberOfNewImages: 2,
  transformations: [{ name: 'rotation', enabled: true, params: [{ name: 'max_rotation_degrees', currentValue: 30 }] }],
};

const createList = (changes: object = {}) =>
  call(lists.create, { projectId: PROJECT, ...settings, ...changes } as RequestOf<typeof lists.create>);

const work: SampleWorker['work'] = (...request) => worker.work(...request);
const makeSamplesOf = (listId: string, originals: readonly string[]) => worker.makeSamplesOf(listId, originals);

beforeAll(async () => {
  scope = testScope('augmentation');
  directory = await mkdtemp(join(tmpdir(), 'augmentation-'));
  const config = readConfig(augmentationConfig, { ...scope.environment, BLOB_URL: pathToFileURL(directory).href });
  connection = await connectBus({
    url: scope.natsUrl,
    prefix: scope.subjectPrefix,
    name: 'test',
    logger: scope.logger,
  });
  bus = new Bus(connection);
  catalog = new StandInForCatalog(connection);
  app = await createService(augmentationService, config, scope.logger);
  await app.listen();
  worker = new SampleWorker(call, app.get<BlobStore>(BLOB_STORE, { strict: false }));
});

afterAll(async () => {
  await app.close();
  await connection.nats.close();
  await scope.cleanUp();
  await rm(directory, { recursive: true, force: true });
});

beforeEach(() => {
  catalog.pictures = { decoded: 3, pending: 0 };
});

describe('augmentation lists', () => {
  it('come back exactly as they were sent', async () => {
    const transformations = [
      {
        name: 'blur',
        enabled: false,
        note: { $set: 1, 'a.b': null },
        params: [{ name: 'max_filter_size', extra: 2.5 }],
      },
      { name: 'horizontal_flip' },
    ];
    const created = await createList({ transformations, transformationProbability: 0.1 });
    expect(created).toMatchObject({ ...settings, transformations, transformationProbability: 0.1, inUse: false });
    expect(created.samplesId).toBeNull();
    expect(await call(lists.get, { id: created.id })).toEqual(created);
    expect((await call(lists.get, { id: created.id })).transformations).toEqual(transformations);
  });

  it('change what is given and nothing else', async () => {
    const list = await createList();
    expect(await call(lists.update, { id: list.id, changes: {} })).toEqual(list);
    const changes = { name: 'second', numberOfNewImages: 0, featureName: 'image' };
    expect(await call(lists.update, { id: list.id, changes })).toEqual({ ...list, ...changes });
  });

  it('are listed oldest first, by project and feature, in pages', async () => {
    const featureName = newId();
    const made = [];
    for (const name of ['a', 'b', 'c']) made.push(await createList({ name, featureName }));
    const query = { projectId: PROJECT, featureName };
    expect(await call(lists.list, query)).toEqual({ lists: made, total: 3 });
    expect(await call(lists.list, { ...query, offset: 1, limit: 1 })).toEqual({ lists: [made[1]], total: 3 });
    expect(await call(lists.list, { ...query, featureName: 'none' })).toEqual({ lists: [], total: 0 });
  });

  it.each([
    ['no new images', { numberOfNewImages: 0 }],
    ['too many new images', { numberOfNewImages: 11 }],
    ['an unknown transformation', { transformations: [{ name: 'no-such-transformation' }] }],
    [
      'a value out of range',
      { transformations: [{ name: 'shift', params: [{ name: 'max_proportion', currentValue: 7 }] }] },
    ],
    ['settings without end', { transformations: [{ name: 'blur', note: 'x'.repeat(9000) }] }],
    ['a probability above 1', { transformationProbability: 1.5 }],
    ['no name', { name: '' }],
  ])('refuse %s', async (_what, changes) => {
    await expect(createList(changes)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('are for trainings where they say so, the newest of them first', async () => {
    const projectId = catalog.addProject();
    const recipe = async (workspace?: string) => (await call(lists.forTraining, { projectId }, workspace)).recipe;
    const made = (changes: object) => createList({ projectId, ...changes });
    const { transformationProbability, transformations } = settings;
    const of = (numberOfNewImages: number) => ({ transformationProbability, numberOfNewImages, transformations });
    expect(await recipe()).toBeNull();
    const first = await made({ initialList: true, numberOfNewImages: 3 });
    const another = await made({ numberOfNewImages: 4 });
    expect(await recipe()).toEqual(of(3));
    expect(await recipe('w2')).toBeNull();
    const isUsed = async ({ id }: { id: string }) => (await call(lists.get, { id })).inUse;
    const second = await made({ initialList: true, numberOfNewImages: 5 });
    expect(await recipe()).toEqual(of(5));
    await call(lists.update, { id: second.id, changes: { initialList: false } });
    expect(await recipe()).toEqual(of(3));
    const unused = await made({ initialList: true, numberOfNewImages: 1 });
    await call(lists.update, { id: unused.id, changes: { numberOfNewImages: 0 } });
    expect(await recipe()).toBeNull();
    expect(await Promise.all([first, another, second, unused].map(isUsed))).toEqual([true, false, true, false]);
    for (const { id } of [another, unused]) await call(lists.delete, { id });
    expect(await recipe()).toEqual(of(3));
  });

  it('give trainings nothing but what these understand', async () => {
    const projectId = catalog.addProject();
    const transformations = [
      { name: 'blur', enabled: false, note: 'mine', params: [{ name: 'max_filter_size', maxValue: 9, extra: 1 }] },
      { name: 'shift', params: [{ name: 'max_proportion', currentValue: 0.2, mine: true }] },
    ];
    await createList({ projectId, initialList: true, transformations });
    expect((await call(lists.forTraining, { projectId })).recipe?.transformations).toEqual([
      { name: 'blur', enabled: false, params: [{ name: 'max_filter_size' }] },
      { name: 'shift', params: [{ name: 'max_proportion', currentValue: 0.2 }] },
    ]);
  });

  it('refuse unknown projects, and other workspaces', async () => {
    const { id } = await createList();
    const notFound = expect.objectContaining({ code: 'NOT_FOUND' });
    await expect(createList({ projectId: newId() })).rejects.toEqual(notFound);
    await expect(call(lists.list, { projectId: newId() })).rejects.toEqual(notFound);
    await expect(call(lists.get, { id }, 'w2')).rejects.toEqual(notFound);
    await expect(call(lists.update, { id, changes: { name: 'x' } }, 'w2')).rejects.toEqual(notFound);
    await expect(call(lists.delete, { id }, 'w2')).rejects.toEqual(notFound);
    await expect(call(samples.request, { listId: id, numberOfRows: 1 }, 'w2')).rejects.toEqual(notFound);
    expect((await call(lists.get, { id })).name).toBe('first');
  });

  it('are deleted with their samples, unless they are in use', async () => {
    const projectId = catalog.addProject();
    const [used, list] = [await createList({ projectId, initialList: true }), await createList({ projectId })];
    await call(lists.forTraining, { projectId });
    await expect(call(lists.delete, { id: used.id })).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    const changed = await call(lists.update, { id: used.id, changes: { name: 'new', initialList: false } });
    expect(changed).toMatchObject({ name: 'new', inUse: true });
    const samplesId = await makeSamplesOf(list.id, [newId()]);
    await call(lists.delete, { id: list.id });
    await expect(call(lists.get, { id: list.id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(call(samples.list, { samplesId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(call(lists.delete, { id: list.id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('requests for samples', () => {
  it('queue a job with the settings of that moment, without what only the client knows', async () => {
    const rotation = { ...settings.transformations[0], note: 'mine' };
    const { id } = await createList({ transformations: [rotation] });
    const { jobId } = await call(samples.request, { listId: id, numberOfRows: 2 });
    await call(lists.update, { id, changes: { transformations: [], numberOfNewImages: 1 } });
    const job = await app.get<Model<JobDocument>>(getModelToken(JOB_MODEL), { strict: false }).findById(jobId).lean();
    expect(job).toMatchObject({ workspace: 'w1', state: 'queued', number: catalog.lastNumber });
    expect(job?.subject).toEqual({ projectId: PROJECT, listId: id, samplesId: jobId });
    const { name: _, featureName: __, initialList: ___, ...recipe } = settings;
    expect(job?.payload).toEqual({ workspace: 'w1', projectId: PROJECT, listId: id, numberOfRows: 2, ...recipe });
  });

  it('with one idempotency key are one request, and another request under it is refused', async () => {
    const [{ id }, other] = [await createList(), await createList()];
    const request = { listId: id, numberOfRows: 1, idempotencyKey: newId() };
    const first = await call(samples.request, request);
    expect(await Promise.all([call(samples.request, request), call(samples.request, request)])).toEqual([first, first]);
    await expect(call(samples.request, { ...request, numberOfRows: 2 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(call(samples.request, { ...request, listId: other.id })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('are refused where nothing could be made', async () => {
    const { id } = await createList();
    const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
    const request = { listId: id, numberOfRows: 1 };
    await expect(call(samples.request, { ...request, numberOfRows: MAX_SAMPLE_ROWS + 1 })).rejects.toEqual(invalid);
    catalog.pictures = { decoded: 0, pending: 0 };
    await expect(call(samples.request, request)).rejects.toEqual(invalid);
    catalog.pictures = { decoded: 0, pending: 1 };
    await expect(call(samples.request, request)).resolves.toHaveProperty('jobId');
    await call(lists.update, { id, changes: { numberOfNewImages: 0 } });
    await expect(call(samples.request, request)).rejects.toEqual(invalid);
    await expect(call(samples.listOfList, { listId: id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('samples', () => {
  it('are shown in order: each original, then what was made of it', async () => {
    const { id } = await createList();
    const originals = [newId(), newId()];
    const samplesId = await makeSamplesOf(id, originals);
    expect((await call(lists.get, { id })).samplesId).toBe(samplesId);
    const page = await call(samples.listOfList, { listId: id });
    expect(page).toMatchObject({ samplesId, total: 6 });
    expect(page.samples.map((sample) => sample.originalImageId)).toEqual(
      originals.flatMap((original) => [null, original, original]),
    );
    expect([page.samples[0]?.imageId, page.samples[3]?.imageId]).toEqual(originals);
    expect(new Set(page.samples.map((sample) => sample.imageId)).size).toBe(6);
    const second = await call(samples.list, { samplesId, offset: 1, limit: 2 });
    expect(second.samples).toEqual(page.samples.slice(1, 3));
  });

  it('have bytes, found by project and id in their workspace only', async () => {
    const { id } = await createList();
    const [original] = [newId()];
    const samplesId = await makeSamplesOf(id, [original]);
    const { samples: shown } = await call(samples.list, { samplesId });
    const imageId = shown[1]?.imageId ?? '';
    const sha256 = createHash('sha256').update(`${samplesId}-0-0`).digest('hex');
    expect(await call(samples.getImage, { projectId: PROJECT, imageId })).toMatchObject({ imageId, sha256, width: 40 });
    const notFound = expect.objectContaining({ code: 'NOT_FOUND' });
    await expect(call(samples.getImage, { projectId: PROJECT, imageId: original })).rejects.toEqual(notFound);
    await expect(call(samples.getImage, { projectId: newId(), imageId })).rejects.toEqual(notFound);
    await expect(call(samples.getImage, { projectId: PROJECT, imageId }, 'w2')).rejects.toEqual(notFound);
    await expect(call(samples.list, { samplesId }, 'w2')).rejects.toEqual(notFound);
  });

  it('of a list are kept for its latest jobs only', async () => {
    const { id } = await createList();
    const original = newId();
    const sets = [];
    for (let i = 0; i <= KEPT_SETS_PER_LIST; i++) sets.push(await makeSamplesOf(id, [original]));
    await expect(call(samples.list, { samplesId: sets[0] ?? '' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    for (const samplesId of sets.slice(1)) expect((await call(samples.list, { samplesId })).total).toBe(3);
  });

  it('are listed as the sets of a project, numbered in each list', async () => {
    const projectId = catalog.addProject();
    const [one, other] = [await createList({ projectId }), await createList({ projectId })];
    const originals = [newId(), newId()];
    const ids = [];
    for (const { id } of [one, other, one]) ids.push(await makeSamplesOf(id, originals));
    const { sets, total } = await call(samples.listSets, { projectId });
    expect(sets.map(({ id, listId, number, count }) => [id, listId, number, count])).toEqual([
      [ids[0], one.id, 1, 6],
      [ids[1], other.id, 1, 6],
      [ids[2], one.id, 2, 6],
    ]);
    expect([total, (await call(samples.listSets, { projectId, offset: 1, limit: 1 })).sets]).toEqual([3, [sets[1]]]);
    expect(await call(samples.listSets, { projectId }, 'w2')).toEqual({ sets: [], total: 0 });
  });

  it('keep their numbers when older sets of their list are removed', async () => {
    const projectId = catalog.addProject();
    const { id } = await createList({ projectId });
    for (let i = 0; i < KEPT_SETS_PER_LIST + 2; i++) await makeSamplesOf(id, [newId()]);
    const { sets } = await call(samples.listSets, { projectId });
    expect(sets.map(({ number }) => number)).toEqual(Array.from({ length: KEPT_SETS_PER_LIST }, (_, i) => i + 3));
  });

  it('of a list that was deleted meanwhile are dropped', async () => {
    const { id } = await createList();
    const { jobId } = await call(samples.request, { listId: id, numberOfRows: 1 });
    await call(lists.delete, { id });
    expect(await work(jobId, [newId()])).toBe(true);
    await expect(call(samples.list, { samplesId: jobId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('of a deleted project vanish with its lists, used or not, also what comes a moment later', async () => {
    const projectId = catalog.addProject();
    const [used, kept] = [await createList({ projectId, initialList: true }), await createList()];
    await call(lists.forTraining, { projectId });
    const [gone, stays] = [await makeSamplesOf(used.id, [newId()]), await makeSamplesOf(kept.id, [newId()])];
    const recipe = { transformationProbability: 1, numberOfNewImages: 2, transformations: settings.transformations };
    const { jobId: unlisted } = await call(samples.requestOnce, {
      ...{ projectId, featureName: null, numberOfRows: 1 },
      ...recipe,
    });
    await work(unlisted, [newId()]);
    const publisher = new FactPublisher(connection);
    const fact = { id: newId(), name: projectDeleted.name, data: { projectId }, context };
    await publisher.publish(fact);
    await publisher.publish({ ...fact, id: newId() });
    const listOf = (id: string) => call(lists.get, { id });
    await eventually(() => expect(listOf(used.id)).rejects.toMatchObject({ code: 'NOT_FOUND' }));
    await eventually(async () => {
      for (const samplesId of [gone, unlisted])
        await expect(call(samples.list, { samplesId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });
    expect(await listOf(kept.id)).toMatchObject({ id: kept.id });
    expect((await call(samples.list, { samplesId: stays })).samples).toHaveLength(3);
    // It was found there before, and is only made now.
    const late = await createList({ projectId });
    await app.get(SweepSamples, { strict: false }).sweepRecords();
    await expect(listOf(late.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    catalog.projects.delete(projectId);
  });

  it('of a deleted image vanish, also when it was deleted while they were made', async () => {
    const { id } = await createList();
    const [gone, stays] = [newId(), newId()];
    const before = await makeSamplesOf(id, [gone, stays]);
    const { jobId } = await call(samples.request, { listId: id, numberOfRows: 2 });
    const data = { imageId: gone, projectId: PROJECT, sha256: null };
    const publisher = new FactPublisher(connection);
    for (const factId of [newId(), newId()])
      await publisher.publish({ id: factId, name: imageDeleted.name, data, context });
    await eventually(async () => expect((await call(samples.list, { samplesId: before })).total).toBe(3));
    expect(await work(jobId, [gone, stays])).toBe(true);
    const { samples: shown } = await call(samples.listOfList, { listId: id });
    expect(shown.map((sample) => sample.originalImageId ?? sample.imageId)).toEqual([stays, stays, stays]);
  });
});

const sha256Of = (text: string) => createHash('sha256').update(text).digest('hex');
const blobOf = (text: string) => ({ area: 'samples', workspace: 'w1', sha256: sha256Of(text) });

describe('the sweeper', () => {
  it('removes sets without a list after their time, and bytes that nothing refers to', async () => {
    const sweeper = app.get(SweepSamples, { strict: false });
    const blobs = app.get<BlobStore>(BLOB_STORE, { strict: false });
    const { name: _, initialList: __, ...once } = settings;
    const { jobId } = await call(samples.requestOnce, { projectId: PROJECT, numberOfRows: 1, ...once });
    await work(jobId, [newId()], 'once');
    const { id } = await createList();
    const kept = await makeSamplesOf(id, [newId()]);
    const later = Date.now() + UNLISTED_SAMPLES_TTL_MS;
    await sweeper.sweepRecords(later - 60_000);
    expect((await call(samples.list, { samplesId: jobId })).total).toBe(3);
    await sweeper.sweepRecords(later + 1000);
    await expect(call(samples.list, { samplesId: jobId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await call(samples.list, { samplesId: kept })).total).toBe(3);

    expect(await sweeper.sweepBlobs(Date.now() + SAMPLE_BLOB_GRACE_MS - 60_000)).toBe(0);
    expect(await blobs.stat(blobOf('once-0-0'))).not.toBeNull();
    expect(await sweeper.sweepBlobs(Date.now() + SAMPLE_BLOB_GRACE_MS + 10_000)).toBeGreaterThanOrEqual(2);
    expect(await blobs.stat(blobOf('once-0-0'))).toBeNull();
    expect(await blobs.stat(blobOf(`${kept}-0-0`))).not.toBeNull();
  });
});

it('samples whose bytes are gone are found, and no others', async () => {
  const finder = app.get(FindLostSamples, { strict: false });
  const set = await makeSamplesOf((await createList()).id, [newId()]);
  const { checked, missing } = await finder.pass();
  const blobs = app.get<BlobStore>(BLOB_STORE, { strict: false });
  await rm(blobs.localPath?.(blobOf(`${set}-0-0`)) ?? '');
  expect(await finder.pass()).toEqual({ checked, missing: missing + 1 });
});
