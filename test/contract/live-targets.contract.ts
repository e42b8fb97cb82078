import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  contentContracts,
  datasetContracts as datasets,
  imageContracts,
  modelingContracts as modelings,
  projectContracts as projects,
  tagContracts,
  targetContracts as targets,
  trainingImageContracts as trainingImages,
  trainingIngestContracts,
} from '@pentaprism/contracts';
import { eventually } from '@pentaprism/testing';
import mongoose, { type Connection } from 'mongoose';
import { catalogService } from '../../apps/catalog/src/catalog.service.js';
import { taggingService } from '../../apps/tagging/src/tagging.service.js';
import { trainingIngestService } from '../../apps/training-ingest/src/training-ingest.service.js';
import { workerService } from '../../apps/worker/src/worker.service.js';
import { ended, picture } from './dataset-imports.js';
import { RunningServices, WORKSPACE } from './running-services.js';

type Row = readonly [number: number, ...tags: string[]];

let services: RunningServices;
let database: Connection;
const call: RunningServices['call'] = (rpc, request) => services.call(rpc, request);

/** Creates a project as Custom Vision does, whose images are pictures with these numbers and tags. */
async function projectOf(classificationType: 'multiclass' | 'multilabel', rows: readonly Row[]): Promise<string> {
  const training = { domain: 'general' as const, classificationType, exportPlatforms: [] };
  const { id } = await call(projects.create, { name: `live ${Math.random()}`, description: '', training });
  for (const row of rows) await add(id, row);
  return id;
}

async function add(projectId: string, [number, ...names]: Row): Promise<void> {
  const bytes = await picture(number);
  const { sha256, size } = await services.blobs.put('originals', WORKSPACE, bytes, { maxBytes: bytes.length });
  const content = { sha256, size, mediaType: 'image/jpeg' };
  await call(contentContracts.analyse, { contents: [content] });
  const { tags } = names.length > 0 ? await call(tagContracts.ensure, { projectId, names }) : { tags: [] };
  const image = {
    fileName: `${number}.jpg`,
    content,
    tags: tags.map(({ id, number, name }) => ({ id, number, name })),
  };
  await call(trainingImages.add, { projectId, images: [image] });
}

async function aim(projectId: string) {
  const { jobId } = await call(targets.set, { projectId, column: 'tag', mode: 'manual' });
  return ended(services, jobId);
}

async function aimed(projectId: string): Promise<void> {
  const job = await aim(projectId);
  expect([job.error, job.state]).toEqual([null, 'completed']);
}

async function described(projectId: string) {
  return (await call(modelings.describe, { projectIds: [projectId] })).modelings[0];
}

/** The images of a project with their values: the width of an image says which it is. */
async function valuesOf(projectId: string) {
  const { images } = await call(targets.images, { projectId, limit: 100 });
  return images.map(({ width, value }) => [width, value]);
}

beforeAll(async () => {
  services = await RunningServices.start('live-targets', [
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

describe('a target of a live table', () => {
  it('makes its rows those of a snapshot, in the order in which images were added', async () => {
    const projectId = await projectOf('multiclass', [[1, 'cats'], [2, 'dogs'], [3], [4, 'eels'], [5, 'cats']]);
    await aimed(projectId);
    expect(await described(projectId)).toMatchObject({ state: 'ready', rowCount: 5, target: { type: 'multiclass' } });
    const expected = [[41, 'cats'], [42, 'dogs'], [44, 'eels'], [45, 'cats']]; // prettier-ignore
    expect(await valuesOf(projectId)).toEqual(expected);
    const { images } = await call(modelings.images, { projectId, limit: 100 });
    expect(images.map(({ width }) => width)).toEqual([41, 42, 43, 44, 45]);
    const { columns } = await call(modelings.columns, { projectId });
    expect(columns.map(({ name, type, uniqueCount, missingCount }) => [name, type, uniqueCount, missingCount])).toEqual(
      [
        ['image', 'Image', 5, 0],
        ['tag', 'Categorical', 3, 1],
      ],
    );
  });

  it('leaves rows as they are when images and tags change, and leaves the tags as they are', async () => {
    const projectId = await projectOf('multilabel', [[11, 'cats', 'dogs'], [12, 'dogs'], [13]]);
    await aimed(projectId);
    const { images } = await call(modelings.images, { projectId, limit: 100 });
    const before = await valuesOf(projectId);
    expect(before).toEqual([
      [51, ['cats', 'dogs']],
      [52, ['dogs']],
    ]);
    await add(projectId, [14, 'eels']);
    await call(imageContracts.delete, { id: images[0]?.imageId ?? '' });
    expect(await valuesOf(projectId)).toEqual(before);
    expect((await call(modelings.images, { projectId, limit: 100 })).images).toEqual(images);
    expect((await call(projects.get, { id: projectId })).training.classificationType).toBe('multilabel');
    const { tags } = await call(tagContracts.list, { projectId });
    expect(tags.map(({ name }) => name).sort()).toEqual(['cats', 'dogs', 'eels']);
  });

  it('does not list the dataset of the snapshot', async () => {
    expect((await call(datasets.list, {})).total).toBe(0);
  });

  it('is refused while the project has one, and for a project without two tags', async () => {
    const projectId = await projectOf('multiclass', [[21, 'cats'], [22, 'dogs']]); // prettier-ignore
    await aimed(projectId);
    await expect(aim(projectId)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    const single = await projectOf('multiclass', [[23, 'cats'], [24, 'cats']]); // prettier-ignore
    await expect(aim(single)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await described(single)).toMatchObject({ dataset: null, target: null });
  });

  it('which does not fit leaves the project as it is, without a trace of the snapshot', async () => {
    // Both images have two tags. So there are two tags, but no image has a class.
    const projectId = await projectOf('multiclass', [[31, 'cats', 'dogs'], [32, 'cats', 'dogs']]); // prettier-ignore
    const job = await aim(projectId);
    expect(job).toMatchObject({ state: 'failed', error: { code: 'INVALID_ARGUMENT' } });
    expect(await described(projectId)).toMatchObject({ dataset: null, rowCount: null, target: null });
    const _id = new mongoose.Types.ObjectId(projectId);
    const left = () => database.collection('modelings').countDocuments({ _id });
    await eventually(async () => expect(await left()).toBe(0), { timeoutMs: 5_000 });
    expect(await database.collection('project_images').countDocuments({ project: _id })).toBe(0);
    expect((await call(projects.get, { id: projectId })).imageCount).toBe(2);
    await add(projectId, [33, 'cats']);
    await add(projectId, [34, 'dogs']);
    await aimed(projectId);
    expect(await valuesOf(projectId)).toEqual([
      [73, 'cats'],
      [74, 'dogs'],
    ]);
  });

  it('is gone with the project and its rows', async () => {
    const projectId = await projectOf('multiclass', [[51, 'cats'], [52, 'dogs']]); // prettier-ignore
    await aimed(projectId);
    const id = (await described(projectId))?.dataset?.id ?? '';
    await call(trainingIngestContracts.deleteProject, { projectId });
    await expect(call(modelings.columns, { projectId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const left = () => database.collection('datasets').countDocuments({ _id: new mongoose.Types.ObjectId(id) });
    await eventually(async () => expect(await left()).toBe(0), { timeoutMs: 40_000 });
  });
});
