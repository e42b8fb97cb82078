import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  modelingContracts as modelings,
  projectContracts as projects,
  tagContracts,
  targetContracts as targets,
  trainingImageContracts,
  type RequestOf,
} from '@pentaprism/contracts';
import { strToU8, zipSync } from 'fflate';
import mongoose from 'mongoose';
import { catalogService } from '../../apps/catalog/src/catalog.service.js';
import { taggingService } from '../../apps/tagging/src/tagging.service.js';
import { trainingIngestService } from '../../apps/training-ingest/src/training-ingest.service.js';
import { workerService } from '../../apps/worker/src/worker.service.js';
import { ended, picture, uploadedProject } from './dataset-imports.js';
import { RunningServices } from './running-services.js';

let services: RunningServices;
const call: RunningServices['call'] = (rpc, request) => services.call(rpc, request);

const CLASS = { column: 'class', mode: 'manual' } as const;
const projectOf = (bytes: Uint8Array) => uploadedProject(services, bytes);

/** Sets a target, and waits until its values have been read. */
async function aim(projectId: string, request: Partial<RequestOf<typeof targets.set>>) {
  const { jobId } = await call(targets.set, { projectId, ...CLASS, ...request });
  return ended(services, jobId);
}

async function aimed(bytes: Uint8Array, request: Partial<RequestOf<typeof targets.set>> = {}): Promise<string> {
  const projectId = await projectOf(bytes);
  const job = await aim(projectId, request);
  expect([job.error, job.state]).toEqual([null, 'completed']);
  return projectId;
}

async function targetOf(projectId: string) {
  return (await call(modelings.describe, { projectIds: [projectId] })).modelings[0]?.target;
}

/** The images of a project with their values: the width of an image says which it is. */
async function listed(projectId: string, request: Partial<RequestOf<typeof targets.images>> = {}) {
  const { images, total } = await call(targets.images, { projectId, limit: 100, ...request });
  return { images: images.map(({ width, value }) => [width, value]), total };
}

/** The value of each image by its width, where its rows agree. */
async function valuesOf(projectId: string) {
  const { images } = await call(modelings.images, { projectId, limit: 100 });
  const values = images.map(async ({ width, imageId }) => [
    width,
    (await call(targets.ofImage, { projectId, imageId })).value,
  ]);
  return Object.fromEntries(await Promise.all(values));
}

/** The names of the tags of each image of the catalog, by its width. */
async function tagsOf(projectId: string) {
  const { images } = await call(trainingImageContracts.list, { projectId, limit: 100 });
  return Object.fromEntries(images.map(({ width, tags }) => [width, tags.map(({ name }) => name).sort()]));
}

/** A CSV of base64 images. */
async function table(header: string, rows: readonly (readonly [number, ...string[]])[]): Promise<Uint8Array> {
  const lines = await Promise.all(
    rows.map(async ([number, ...cells]) => [(await picture(number)).toString('base64'), ...cells].join(',')),
  );
  return strToU8([header, ...lines].join('\n'));
}

beforeAll(async () => {
  services = await RunningServices.start('targets', [
    catalogService,
    taggingService,
    trainingIngestService,
    workerService,
  ]);
});
afterAll(() => services.stop());

describe('a target of classes', () => {
  let projectId: string;
  beforeAll(async () => {
    const common = await picture(1);
    projectId = await aimed(
      zipSync({
        'dogs/1.jpg': common,
        'dogs/2.jpg': await picture(2),
        'cats/1.jpg': await picture(3),
        'cats/2.jpg': common,
        'cats/3.jpg': common,
        'eels/1.jpg': await picture(4),
        'eels/broken.jpg': strToU8('not a picture'),
      }),
    );
  });

  it('is shown with its type and the metric of models', async () => {
    expect(await targetOf(projectId)).toEqual({
      column: 'class',
      type: 'multiclass',
      metric: 'LogLoss',
      positiveClass: null,
      mode: 'manual',
    });
  });

  it('gives each image the values of its rows, and lists it once for each', async () => {
    const { images, total } = await listed(projectId, { column: 'image' });
    expect(total).toBe(5);
    expect(images).toEqual(
      expect.arrayContaining([
        [41, 'dogs'],
        [41, 'cats'],
        [42, 'dogs'],
        [43, 'cats'],
        [44, 'eels'],
      ]),
    );
    const pages = [];
    for (let offset = 0; offset < 6; offset += 2) pages.push(...(await listed(projectId, { offset, limit: 2 })).images);
    expect(pages).toEqual(images);
  });

  it.each([
    ['cats', [41, 43]],
    ['dogs', [41, 42]],
    ['eels', [44]],
    ['none', []],
  ])('lists the images of %s', async (value, widths) => {
    const { images, total } = await listed(projectId, { values: [value] });
    expect(images.map(([width]) => width).sort()).toEqual(widths);
    expect(total).toBe(widths.length);
  });

  it('returns no images to a caller that kept a page of the same revision', async () => {
    const request = { projectId, values: ['cats'], limit: 100 };
    const { revision } = await call(targets.images, request);
    const unchanged = { images: [], total: 0, revision, unchanged: true };
    expect(await call(targets.images, { ...request, known: revision })).toEqual(unchanged);
    expect(await call(targets.images, { ...request, known: 'another' })).toMatchObject({ total: 2, unchanged: false });
  });

  it('has a bin for each class, in the order of labels, with all its rows and an image', async () => {
    const { bins, total } = await call(targets.bins, { projectId, column: 'image', limit: 100 });
    expect(bins.map(({ label, start, end, rows }) => [label, start, end, rows])).toEqual([
      ['cats', null, null, 3],
      ['dogs', null, null, 2],
      ['eels', null, null, 2],
    ]);
    expect(total).toBe(3);
    const values = new Map((await call(targets.images, { projectId, limit: 100 })).images.map((each) => [`${each.imageId}/${String(each.value)}`, each])); // prettier-ignore
    for (const { label, cover } of bins) expect(values.has(`${cover?.imageId}/${label}`)).toBe(true);
    const second = await call(targets.bins, { projectId, column: 'image', offset: 1, limit: 1 });
    expect(second).toEqual({ bins: bins.slice(1, 2), total });
  });

  it('returns the value of an image whose rows agree', async () => {
    expect(await valuesOf(projectId)).toEqual({ 41: null, 42: 'dogs', 43: 'cats', 44: 'eels' });
  });

  it('tags the images of the catalog whose rows all have the same class', async () => {
    expect(await tagsOf(projectId)).toEqual({ 41: [], 42: ['dogs'], 43: ['cats'], 44: ['eels'] });
    expect((await call(projects.get, { id: projectId })).training.classificationType).toBe('multiclass');
  });

  it.each([
    ['a range', { range: { start: 0, end: 1 } }],
    ['two values', { values: ['cats', 'dogs'] }],
    ['a value and a range', { values: ['cats'], range: { start: 0, end: 1 } }],
    ['a column that is no image column', { column: 'class' }],
  ])('refuses to list the images of %s', async (_what, request) => {
    await expect(listed(projectId, request)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('can be set once', async () => {
    const again = call(targets.set, { projectId, column: 'class', mode: 'quick' });
    await expect(again).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });
});

describe('a binary target', () => {
  const archive = async () => zipSync({ 'yes/1.jpg': await picture(1), 'no/1.jpg': await picture(2) });

  it('has the last class as the positive one, unless another one is asked for', async () => {
    expect(await targetOf(await aimed(await archive()))).toMatchObject({ type: 'binary', positiveClass: 'yes' });
    const other = await aimed(await archive(), { positiveClass: 'no' });
    expect(await targetOf(other)).toMatchObject({ positiveClass: 'no' });
  });

  it('whose positive class is not a value is refused at once', async () => {
    const refused = { code: 'INVALID_ARGUMENT', details: { field: 'positiveClass' } };
    const archived = await projectOf(await archive());
    await expect(aim(archived, { positiveClass: 'maybe' })).rejects.toMatchObject(refused);
    expect(await targetOf(archived)).toBeNull();
    const tabled = await projectOf(strToU8('class,size\n1,3\n2.0,4\n1,5\n2.0,6\n'));
    await expect(aim(tabled, { positiveClass: '3' })).rejects.toMatchObject(refused);
    expect((await aim(tabled, { positiveClass: '2' })).state).toBe('completed');
    expect(await targetOf(tabled)).toMatchObject({ positiveClass: '2.0' });
  });

  it('is refused by the job if the columns, of an earlier version, do not say their values', async () => {
    const projectId = await projectOf(await archive());
    const database = await mongoose.createConnection(services.scope.environment['MONGODB_URI'] ?? '').asPromise();
    await database.collection('dataset_columns').updateMany({}, { $unset: { values: 1 } });
    await database.close();
    const job = await aim(projectId, { positiveClass: 'maybe' });
    expect(job).toMatchObject({ state: 'failed', error: { code: 'INVALID_ARGUMENT' } });
    expect(await targetOf(projectId)).toBeNull();
    expect(await valuesOf(projectId)).toEqual({ 41: null, 42: null });
    expect(await tagsOf(projectId)).toEqual({ 41: [], 42: [] });
    await expect(listed(projectId)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    expect((await aim(projectId, {})).state).toBe('completed');
    expect((await listed(projectId)).total).toBe(2);
  });

  it('is set by one of two that set it at once', async () => {
    const projectId = await projectOf(await archive());
    const outcomes = await Promise.allSettled([1, 2].map(() => aim(projectId, {})));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('a target of numbers', () => {
  let projectId: string;
  beforeAll(async () => {
    const rows = Array.from({ length: 24 }, (_, i) => [i, String(i * 10), 'x'] as const);
    projectId = await aimed(await table('image,price,note', [...rows, [30, '', 'missing']]), { column: 'price' });
  });

  it('is a regression', async () => {
    expect(await targetOf(projectId)).toMatchObject({ type: 'regression', metric: 'RMSE', positiveClass: null });
    expect((await listed(projectId)).total).toBe(24);
    expect(await valuesOf(projectId)).toMatchObject({ 40: 0, 50: 100, 70: null });
  });

  it.each([
    [0, 10, [0]],
    [10, 30, [10, 20]],
    [225, 1000, [230]],
    [-5, 0, []],
    [231, 500, []],
    [20, 20, []],
  ])('lists the images of %d to %d, without the end', async (start, end, numbers) => {
    const { images, total } = await listed(projectId, { range: { start, end } });
    expect(images.map(([, value]) => value)).toEqual(numbers);
    expect(total).toBe(numbers.length);
  });

  it('has at most ten bins with whole edges, each with rows, which are all rows with a value', async () => {
    const { bins } = await call(targets.bins, { projectId, column: 'image', limit: 100 });
    expect(bins.length).toBeGreaterThan(1);
    expect(bins.length).toBeLessThanOrEqual(10);
    expect(bins.reduce((sum, { rows }) => sum + rows, 0)).toBe(24);
    for (const { start, end, rows, label, cover } of bins) {
      expect([label, cover === null, Number.isInteger(start), Number.isInteger(end)]).toEqual([
        null,
        false,
        true,
        true,
      ]);
      const range = { start: start ?? NaN, end: end ?? NaN };
      expect((await listed(projectId, { range })).total).toBe(rows);
    }
  });

  it('leaves the images of the catalog without tags, and refuses values', async () => {
    expect((await call(tagContracts.list, { projectId })).total).toBe(0);
    await expect(listed(projectId, { values: ['10'] })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('a target of lists of labels', () => {
  it('lists images that have all the labels', async () => {
    const cell = (...labels: string[]) => `"${JSON.stringify(labels).replaceAll('"', '""')}"`;
    const rows = [
      [1, cell('red', 'blue')],
      [2, cell('red')],
      [3, cell('green', 'a|b')],
      [4, cell()],
    ] as const;
    const projectId = await aimed(await table('image,colors', rows), { column: 'colors' });
    expect(await targetOf(projectId)).toMatchObject({ type: 'multilabel' });
    expect((await listed(projectId, { values: ['red'] })).images).toEqual([
      [41, ['blue', 'red']],
      [42, ['red']],
    ]);
    expect(await listed(projectId, { values: ['red'], offset: 1, limit: 1 })).toEqual({
      images: [[42, ['red']]],
      total: 2,
    });
    expect(await listed(projectId, { values: ['red', 'blue'] })).toEqual({ images: [[41, ['blue', 'red']]], total: 1 });
    expect(await listed(projectId, { values: ['red'], offset: 2 })).toEqual({ images: [], total: 2 });
    expect((await listed(projectId)).total).toBe(4);
    expect(await valuesOf(projectId)).toEqual({ 41: ['blue', 'red'], 42: ['red'], 43: ['a|b', 'green'], 44: [] });
    const { bins } = await call(targets.bins, { projectId, column: 'image', limit: 100 });
    expect(bins.map(({ label, rows: count }) => [label, count])).toEqual([
      ['a|b', 1],
      ['blue', 1],
      ['green', 1],
      ['red', 2],
    ]);
    expect(await tagsOf(projectId)).toEqual({ 41: ['blue', 'red'], 42: ['red'], 43: ['a_b', 'green'], 44: [] });
    expect((await call(projects.get, { id: projectId })).training.classificationType).toBe('multilabel');
  });
});

describe('a target of images in several columns', () => {
  it('has the value of an image only where the rows of all columns agree', async () => {
    const [a, b, c] = await Promise.all([1, 2, 3].map(async (n) => (await picture(n)).toString('base64')));
    const rows = [[a, a, 'x'], [b, c, 'y'], [c, '', 'x'], ['', b, 'y']]; // prettier-ignore
    const csv = strToU8(['front,back,class', ...rows.map((row) => row.join(','))].join('\n'));
    expect(await valuesOf(await aimed(csv))).toEqual({ 41: 'x', 42: 'y', 43: null });
  });
});

describe('a target of many labels', () => {
  it('is set, and leaves out the tags of an image that has a negative one', async () => {
    const rows = Array.from({ length: 50 }, (_, i) => [i, `"[""a${i}"",""b${i}"",""c${i}""]"`] as const);
    const projectId = await projectOf(await table('image,labels', rows));
    const { images } = await call(trainingImageContracts.list, { projectId, limit: 100, order: 'oldest' });
    const none = { projectId, name: 'none', description: '', type: 'negative' } as const;
    const { id, number, name } = await call(tagContracts.create, none);
    const tagging = { imageId: images[0]?.id ?? '', tag: { id, number, name, negative: true } };
    await call(trainingImageContracts.addTags, { projectId, taggings: [tagging] });
    const job = await aim(projectId, { column: 'labels' });
    expect([job.error, job.state]).toEqual([null, 'completed']);
    const tags = await tagsOf(projectId);
    expect(tags[images[0]?.width ?? 0]).toEqual(['none']);
    expect(Object.values(tags).filter((names) => names.length === 3)).toHaveLength(49);
  });
});

describe('a column that cannot be the target', () => {
  let projectId: string;
  beforeAll(async () => {
    projectId = await projectOf(
      await table('image,same,many', [
        [1, 'x', '1'],
        [2, 'x', '2'],
        [3, 'x', '3'],
      ]),
    );
  });

  it.each([
    ['is not there', { column: 'nothing' }],
    ['has images', { column: 'image' }],
    ['has one value', { column: 'same' }],
    ['is asked for as another type', { column: 'many', type: 'binary' as const }],
    ['is compared by a metric of other types', { column: 'many', type: 'multiclass' as const, metric: 'RMSE' }],
    ['has no two classes, and a positive one', { column: 'many', positiveClass: '1' }],
  ])('is refused: it %s', async (_what, request) => {
    const setting = call(targets.set, { projectId, mode: 'manual', ...request });
    await expect(setting).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(/\.$/) });
    expect(await targetOf(projectId)).toBeNull();
  });
});
