import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  datasetContracts as datasets,
  imageContracts as images,
  modelingContracts as modelings,
  projectContracts as projects,
  trainingImageContracts,
  trainingIngestContracts,
  type Dataset,
  type RequestOf,
} from '@pentaprism/contracts';
import { MAX_PENDING_PROJECTS_PER_WORKSPACE } from '@pentaprism/domain';
import { eventually } from '@pentaprism/testing';
import { strToU8, zipSync } from 'fflate';
import mongoose, { type Connection } from 'mongoose';
import { catalogService } from '../../apps/catalog/src/catalog.service.js';
import { taggingService } from '../../apps/tagging/src/tagging.service.js';
import { MODELING_GRACE_MS, TendModelings } from '../../apps/training-ingest/src/modelings/tend-modelings.usecase.js';
import { trainingIngestService } from '../../apps/training-ingest/src/training-ingest.service.js';
import { workerService } from '../../apps/worker/src/worker.service.js';
import { ended, importedDataset, picture, upload } from './dataset-imports.js';
import { RunningServices } from './running-services.js';

let services: RunningServices;
let database: Connection;
const call: RunningServices['call'] = (rpc, request) => services.call(rpc, request);

/** Creates a project, and waits for the end of its job. */
async function create(request: RequestOf<typeof modelings.create>) {
  const created = await call(modelings.create, request);
  return { ...created, job: await ended(services, created.jobId) };
}

async function projectOf({ id }: Dataset, name?: string) {
  const { projectId, job } = await create({ ...(name && { name }), source: { kind: 'dataset', datasetId: id } });
  expect([job.error, job.state]).toEqual([null, 'completed']);
  return projectId;
}

async function describeProject(projectId: string) {
  return (await call(modelings.describe, { projectIds: [projectId] })).modelings[0];
}

const listed = (projectId: string, column?: string) =>
  call(modelings.images, { projectId, limit: 500, ...(column === undefined ? {} : { column }) });

/** Three classes, two images with equal bytes in each of the first two, and one that three rows have. */
async function archive(): Promise<Uint8Array> {
  const [common, again] = [await picture(1), await picture(2)];
  return zipSync({
    'cats/1.jpg': common,
    'cats/2.jpg': again,
    'cats/3.jpg': await picture(3),
    'dogs/1.jpg': common,
    'dogs/2.jpg': again,
    'dogs/3.jpg': await picture(4),
    'eels/1.jpg': common,
    'eels/2.jpg': strToU8('not a picture'),
  });
}

/** Rounds of the service that would otherwise come later. */
async function removeDeleted(): Promise<void> {
  await services.get(trainingIngestService, TendModelings).removeDeleted(Date.now() + 2 * MODELING_GRACE_MS);
}

beforeAll(async () => {
  services = await RunningServices.start('modelings', [
    catalogService,
    taggingService,
    trainingIngestService,
    workerService,
  ]);
  database = await mongoose.createConnection(services.scope.environment['MONGODB_URI'] ?? '').asPromise();
});
afterAll(async () => {
  await database.close();
  await services.stop();
});

describe('a project of a dataset', () => {
  let dataset: Dataset;
  let projectId: string;
  beforeAll(async () => {
    dataset = await importedDataset(services, await archive(), 'pets.zip');
    projectId = await projectOf(dataset, 'pets');
  });

  it('is in the catalog, and says which dataset it was made of', async () => {
    expect(await call(projects.get, { id: projectId })).toMatchObject({ name: 'pets', imageCount: 4 });
    expect(await describeProject(projectId)).toEqual({
      projectId,
      state: 'ready',
      dataset: { id: dataset.id, versionId: dataset.versionId, fileName: 'pets.zip', deleted: false },
      rowCount: 8,
      imageColumn: 'image',
      holdoutUnlocked: false,
      target: null,
      searching: false,
    });
    expect(await call(modelings.ofDataset, { datasetId: dataset.id })).toEqual({ projectIds: [projectId], total: 1 });
  });

  it('has each image once, in the order of its first row', async () => {
    const { images: found, total } = await listed(projectId, 'image');
    expect(total).toBe(4);
    expect(found.map(({ width }) => width)).toEqual([41, 42, 43, 44]);
    const catalog = await call(trainingImageContracts.list, { projectId, limit: 100, order: 'oldest' });
    expect(catalog.images.map(({ id }) => id).sort()).toEqual(found.map(({ imageId }) => imageId).sort());
    expect(catalog.images.map(({ fileName }) => fileName).sort()).toEqual(['1.jpg', '2.jpg', '3.jpg', '3.jpg']);
    expect(await listed(projectId)).toEqual({ images: found, total });
    const second = await call(modelings.images, { projectId, column: 'image', offset: 1, limit: 2 });
    expect(second).toEqual({ images: found.slice(1, 3), total });
  });

  it('lists images of several rows with the number of their rows, most first', async () => {
    const all = (await listed(projectId, 'image')).images;
    const request = { projectId, column: 'image', limit: 10 };
    const { images: found, total } = await call(modelings.duplicates, request);
    expect({ found, total }).toEqual({
      found: [
        { imageId: all[0]?.imageId, rowCount: 3 },
        { imageId: all[1]?.imageId, rowCount: 2 },
      ],
      total: 2,
    });
    expect(await call(modelings.duplicates, { ...request, offset: 1, limit: 1 })).toEqual({
      images: found.slice(1),
      total,
    });
  });

  it('lists the contents of a column with the numbers of their rows, unless the caller has them', async () => {
    const all = (await listed(projectId, 'image')).images;
    const { list } = await call(modelings.contents, { projectId, column: 'image', limit: 100 });
    expect(list).toMatchObject({ column: 'image', total: 4, unchanged: false });
    expect(list?.images.map(({ imageId }) => imageId)).toEqual(all.map(({ imageId }) => imageId));
    expect(list?.images.map(({ rowCount }) => rowCount)).toEqual([3, 2, 1, 1]);
    const [second] = list?.images.slice(1) ?? [];
    const page = await call(modelings.contents, { projectId, offset: 1, limit: 1 });
    expect(page.list?.images).toEqual([second]);
    const known = list?.revision ?? '';
    const same = await call(modelings.contents, { projectId, known, limit: 100 });
    expect(same.list).toMatchObject({ images: [], unchanged: true });
    await expect(call(modelings.contents, { projectId, column: 'class', limit: 1 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('has the columns and the findings of the dataset', async () => {
    const { columns } = await call(modelings.columns, { projectId });
    expect(columns.map(({ name, type }) => [name, type])).toEqual([
      ['class', 'Categorical'],
      ['image', 'Image'],
    ]);
    const { findings } = await call(modelings.findings, { projectId });
    expect(findings).toEqual((await call(datasets.findings, { datasetId: dataset.id })).findings);
    expect(findings.map(({ kind }) => kind)).toContain('not-an-image');
  });

  it.each(['class', 'nothing'])('refuses to list images of %s, which is no image column', async (column) => {
    for (const rpc of [modelings.images, modelings.duplicates] as const)
      await expect(call(rpc, { projectId, column, limit: 1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('shares its images with no other project of the dataset', async () => {
    const other = await projectOf(dataset, 'pets');
    expect(await call(projects.get, { id: other })).toMatchObject({ name: 'pets', uniqueName: 'pets (2)' });
    const [mine, others] = [await listed(projectId), await listed(other)];
    expect(others.total).toBe(mine.total);
    expect(others.images.map(({ width }) => width)).toEqual(mine.images.map(({ width }) => width));
    expect(others.images.map(({ imageId }) => imageId)).not.toEqual(mine.images.map(({ imageId }) => imageId));
  });

  it('keeps its rows and the bytes of its images when the dataset and the images are deleted', async () => {
    const own = await importedDataset(
      services,
      zipSync({ 'a/1.jpg': await picture(60), 'b/2.jpg': await picture(61) }),
    );
    const project = await projectOf(own);
    const before = await listed(project);
    const imageId = before.images[0]?.imageId ?? '';
    const picked = await call(images.getPicture, { projectId: project, id: imageId });
    await call(datasets.delete, { datasetId: own.id });
    await call(trainingImageContracts.deleteMany, { projectId: project, ids: [imageId] });
    expect(await call(modelings.image, { projectId: project, imageId })).toMatchObject({
      sha256: picked.sha256,
      width: 100,
    });
    expect((await describeProject(project))?.dataset).toMatchObject({ id: own.id, deleted: true });
    expect(await listed(project)).toEqual(before);
    const content = await database.collection('contents').findOne({ sha256: picked.sha256 });
    expect(content?.['orphanedAt']).toBeNull();
  });

  it('leaves nothing when it is deleted, and then the deleted dataset goes, too', async () => {
    const own = await importedDataset(
      services,
      zipSync({ 'a/1.jpg': await picture(70), 'b/2.jpg': await picture(71) }),
    );
    const project = await projectOf(own);
    await call(datasets.delete, { datasetId: own.id });
    await call(trainingIngestContracts.deleteProject, { projectId: project });
    await eventually(async () => expect(await describeProject(project)).toMatchObject({ dataset: null }));
    await removeDeleted();
    const _id = new mongoose.Types.ObjectId(project);
    expect(await database.collection('modelings').countDocuments({ _id })).toBe(0);
    expect(await database.collection('project_images').countDocuments({ project: _id })).toBe(0);
    const left = () => database.collection('datasets').countDocuments({ _id: new mongoose.Types.ObjectId(own.id) });
    await eventually(async () => expect(await left()).toBe(0), { timeoutMs: 40_000 });
  });
});

describe('a project of an upload', () => {
  it('has the name of the file, and a dataset', async () => {
    const source = await upload(services, await archive());
    const { projectId, datasetId, job } = await create({ source: { kind: 'new', fileName: 'more.zip', source } });
    expect([job.error, job.state]).toEqual([null, 'completed']);
    expect(await call(projects.get, { id: projectId })).toMatchObject({ name: 'more.zip', imageCount: 4 });
    expect(await call(datasets.get, { datasetId })).toMatchObject({ state: 'ready', rowCount: 8 });
    expect((await listed(projectId)).total).toBe(4);
  });

  it.each([
    ['no archive and no table', () => Promise.resolve(Uint8Array.of(0, 1, 2, 3))],
    ['an archive without an image', () => Promise.resolve(zipSync({ 'a/1.jpg': strToU8('nothing') }))],
  ])('which is %s leaves neither a project nor a dataset, and its job says why', async (_what, bytes) => {
    const source = await upload(services, await bytes());
    const { projectId, datasetId, job } = await create({ source: { kind: 'new', fileName: 'x.zip', source } });
    expect(job).toMatchObject({ state: 'failed', error: { code: 'INVALID_ARGUMENT', message: expect.any(String) } });
    await expect(call(projects.get, { id: projectId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(call(datasets.get, { datasetId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await removeDeleted();
    const _id = new mongoose.Types.ObjectId(projectId);
    expect(await database.collection('modelings').countDocuments({ _id })).toBe(0);
  });

  it('which is a table without images has no images and no quality log', async () => {
    const source = await upload(services, strToU8('a,b\n1,x\n2,y\n'));
    const { projectId, job } = await create({ name: 'numbers', source: { kind: 'new', fileName: 'n.csv', source } });
    expect([job.error, job.state]).toEqual([null, 'completed']);
    expect(await describeProject(projectId)).toMatchObject({ rowCount: 2, imageColumn: null });
    expect(await listed(projectId)).toEqual({ images: [], total: 0 });
    await expect(call(modelings.findings, { projectId })).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });

  it('with several image columns lists them one after another', async () => {
    const [a, b, c] = await Promise.all([80, 81, 82].map(async (n) => (await picture(n)).toString('base64')));
    const source = await upload(services, strToU8(`front,back\n${a},${b}\n${c},${b}\n${a},${a}\n`));
    const { projectId } = await create({ source: { kind: 'new', fileName: 'two.csv', source } });
    const widths = async (column?: string) => (await listed(projectId, column)).images.map(({ width }) => width);
    expect(await widths('front')).toEqual([120, 122]);
    expect(await widths('back')).toEqual([121, 120]);
    expect(await widths()).toEqual([120, 122, 121, 120]);
    const { images: found } = await call(modelings.duplicates, { projectId, column: 'back', limit: 9 });
    expect(found.map(({ rowCount }) => rowCount)).toEqual([2]);
  });
});

describe('a project that is being made', () => {
  it('is deleted with its dataset, and its job ends', async () => {
    const files = await Promise.all(
      Array.from({ length: 150 }, async (_, i) => [`a/${i}.jpg`, await picture(i)] as const),
    );
    const source = await upload(services, zipSync(Object.fromEntries(files), { level: 0 }));
    const created = await call(modelings.create, { source: { kind: 'new', fileName: 'x.zip', source } });
    const { projectId, datasetId, jobId } = created;
    await call(trainingIngestContracts.deleteProject, { projectId });
    expect((await ended(services, jobId)).state).toBe('aborted');
    await expect(call(datasets.get, { datasetId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(listed(projectId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(call(trainingIngestContracts.deleteProject, { projectId })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('is refused if the workspace has as many of them as it may have, and leaves no dataset', async () => {
    const workspace = 'busy';
    const pending = { workspace, state: 'filling', dataset: new mongoose.Types.ObjectId(), deletedAt: null };
    const records = Array.from({ length: MAX_PENDING_PROJECTS_PER_WORKSPACE }, () => ({
      ...pending,
      _id: new mongoose.Types.ObjectId(),
    }));
    await database.collection('modelings').insertMany(records);
    const content = { sha256: 'ab'.repeat(32), size: 5, mediaType: 'text/csv' };
    const source = { kind: 'new', fileName: 'x.csv', source: { kind: 'content', content } } as const;
    const create = () => services.bus.call(modelings.create, { source }, { context: { workspace, actor: 'ann' } });
    const message = expect.stringMatching(/^The workspace has 100 projects that are still being made/);
    await expect(create()).rejects.toMatchObject({ code: 'FAILED_PRECONDITION', message });
    expect(await database.collection('datasets').countDocuments({ workspace })).toBe(0);
    await database.collection('modelings').updateOne({ _id: records[0]?._id }, { $set: { state: 'ready' } });
    expect(await create()).toMatchObject({ projectId: expect.any(String) });
    await database.collection('modelings').deleteMany({ workspace, dataset: pending.dataset });
  });

  it('gives an image the base name of its file, as much of it as a name may have', async () => {
    const long = `${'x'.repeat(300)}.jpg`;
    const source = await upload(services, zipSync({ [`a/${long}`]: await picture(90), 'b/2.jpg': await picture(91) }));
    const { projectId, job } = await create({ source: { kind: 'new', fileName: 'x.zip', source } });
    expect([job.error, job.state]).toEqual([null, 'completed']);
    const { images: found } = await call(trainingImageContracts.list, { projectId, limit: 10, order: 'oldest' });
    expect(found.map(({ fileName }) => fileName).sort()).toEqual(['2.jpg', long.slice(0, 255)]);
  });
});

describe('a project that was not made of a dataset', () => {
  it('is a table of its present images and their tags', async () => {
    const { id } = await call(projects.create, {
      name: 'elsewhere',
      description: '',
      training: { domain: 'general', classificationType: 'multilabel', exportPlatforms: [] },
    });
    expect(await describeProject(id)).toMatchObject({ dataset: null, state: 'ready', imageColumn: 'image' });
    const { columns } = await call(modelings.columns, { projectId: id });
    expect(columns.map(({ name, type }) => [name, type])).toEqual([
      ['image', 'Image'],
      ['tag', 'Multicategorical'],
    ]);
    expect(await listed(id, 'image')).toEqual({ images: [], total: 0 });
    expect(await call(modelings.duplicates, { projectId: id, column: 'image', limit: 1 })).toEqual({
      images: [],
      total: 0,
    });
    await expect(listed(id, 'tag')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
