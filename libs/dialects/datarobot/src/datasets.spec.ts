import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  datasetContracts as datasets,
  jobDirectoryContracts,
  modelingContracts,
  type DatasetColumn,
  type Job,
} from '@pentaprism/contracts';
import { DomainError, MAX_DATASETS_PER_WORKSPACE } from '@pentaprism/domain';
import { dataset, MAX_DATASET_BYTES, ORIGIN, StandInSystem } from './datarobot.fixture.js';
import { END, file, FORM_TYPE, part } from './form.fixture.js';

const { id: DATASET, versionId: VERSION } = dataset;
const JOB = 'c'.repeat(24);
const CREATED = { catalogId: DATASET, catalogVersionId: VERSION, statusId: JOB };
const CONTENT = { sha256: '0'.repeat(64), mediaType: 'application/octet-stream' };

let system: StandInSystem;
beforeAll(async () => {
  system = await StandInSystem.start();
});
afterAll(() => system.app.close());
beforeEach(() => {
  system.reset();
  system.answer(datasets.create, () => ({ id: DATASET, versionId: VERSION, jobId: JOB }));
  system.answer(datasets.get, () => dataset);
  system.answer(datasets.list, () => ({ datasets: [], total: 0 }));
});

/** The calls beside those that count datasets. */
const otherCalls = () => system.calls.filter(({ subject }) => subject !== datasets.list.subject);

function upload(parts: readonly Buffer[], type = FORM_TYPE, more = {}) {
  const headers = { 'content-type': type, ...more };
  return system.ask('POST', 'datasets/fromFile/', { body: Buffer.concat(parts), headers });
}

describe('POST datasets/fromFile/', () => {
  it('stores the file of a form as the client sends it, and answers with an absolute status URL', async () => {
    const { status, body, headers } = await upload([file(), END]);
    expect([status, body, headers.location]).toEqual([202, CREATED, `${ORIGIN}/api/v2/status/${JOB}/`]);
    expect(system.stored).toEqual([{ area: 'datasets', workspace: 'w1', bytes: Buffer.from('bytes') }]);
    const content = { ...CONTENT, size: 5 };
    const named = { name: 'pets.zip', fileName: 'pets.zip', categories: [] };
    expect(system.lastCall()).toEqual({ ...named, source: { kind: 'content', content } });
  });

  it.each([
    ['/home/me/pets.zip', 'pets.zip'],
    ['C:\\Users\\me\\pets.zip', 'pets.zip'],
    ['../../etc/passwd', 'passwd'],
    ['', 'dataset'],
    ['/home/me/', 'dataset'],
    ['größe \u{1f600}.csv', 'größe \u{1f600}.csv'],
    ['a\tb\u0000.csv', 'ab.csv'],
    ['x'.repeat(400), 'x'.repeat(255)],
    [`${'x'.repeat(254)}\u{1f600}`, 'x'.repeat(254)],
  ])('names a dataset whose file is called %j %j', async (sent, expected) => {
    expect((await upload([file(sent), END])).status).toBe(202);
    expect(system.lastCall()).toMatchObject({ name: expected, fileName: expected });
  });

  it.each([
    ['before the file', [part('name="categories"', 'TRAINING'), file()]],
    ['after the file', [file(), part('name="categories"', '["TRAINING"]')]],
  ])('reads other parts %s', async (_where, parts) => {
    expect((await upload([part('name="credentialId"', 'x'), ...parts, END])).status).toBe(202);
    expect(system.lastCall()).toMatchObject({ categories: ['TRAINING'] });
  });

  it('reads a file with a content type of its own, and several categories', async () => {
    const typed = part('name="file"; filename="a.csv"', 'x,y', 'Content-Type: text/csv');
    const words = ['TRAINING', 'PREDICTION', ''].map((word) => part('name="categories"', word));
    expect((await upload([...words, typed, END])).status).toBe(202);
    expect(system.lastCall()).toMatchObject({ fileName: 'a.csv', categories: ['TRAINING', 'PREDICTION'] });
  });

  it.each([
    ['no parts', [END]],
    ['no part "file"', [part('name="data"; filename="a.csv"', 'x'), END]],
    ['two parts "file"', [file(), file(), END]],
    ['an empty file', [file('a.csv', ''), END]],
    ['a file that is cut off', [file().subarray(0, -4)]],
    ['an end that is missing after the file', [file()]],
    ['a file above the limit', [file('a.csv', 'x'.repeat(MAX_DATASET_BYTES + 1)), END]],
    ['categories that are too long', [file(), part('name="categories"', 'x'.repeat(101)), END]],
    ['blank categories', [file(), part('name="categories"', ' '), END]],
    ['categories that are no list of texts', [file(), part('name="categories"', '[1]'), END]],
    ['categories that are broken JSON', [file(), part('name="categories"', '[1'), END]],
    ['a whole form above the limit', [part('name="note"', 'x'.repeat(2_000_000)), file(), END]],
  ])('refuses a form with %s with 422, and keeps nothing', async (_what, parts) => {
    const { status, body } = await upload(parts);
    expect([status, body.message]).toEqual([422, expect.stringMatching(/./)]);
    expect([system.stored, otherCalls()]).toEqual([[], []]);
  });

  it('refuses a file that would be one dataset too many before it is stored', async () => {
    system.answer(datasets.list, () => ({ datasets: [], total: MAX_DATASETS_PER_WORKSPACE }));
    const { status, body } = await upload([file(), END]);
    expect([status, body.message]).toEqual([422, 'The workspace has 1000 datasets already. Delete one first.']);
    expect([system.stored, otherCalls()]).toEqual([[], []]);
  });

  it('refuses other parts that are too large, whatever length the form declares', async () => {
    const parts = ['a', 'b'].map((name) => part(`name="${name}"`, 'x'.repeat(600_000)));
    const { status, body } = await upload([...parts, file(), END], undefined, { 'content-length': '100' });
    expect([status, body.message]).toEqual([422, 'The parts beside the file have more than 1048576 bytes.']);
  });

  it.each([
    ['a form without a boundary', 'multipart/form-data'],
    ['JSON', 'application/json'],
  ])('refuses %s with 422', async (_what, type) => {
    for (const parts of [[file(), END], [Buffer.from('{"file": "bytes"}')], []])
      expect((await upload(parts, type)).status).toBe(422);
    expect([system.stored, system.calls]).toEqual([[], []]);
  });

  it('never answers an upload with a status that makes the client send it again', async () => {
    for (const code of ['RATE_LIMITED', 'UNAVAILABLE', 'DEADLINE_EXCEEDED', 'FAILED_PRECONDITION'] as const) {
      system.answer(datasets.create, () => {
        throw new DomainError(code, 'why');
      });
      expect((await upload([file(), END])).status).toBe(422);
    }
  });
});

describe('POST datasets/fromURL/', () => {
  const url = 'https://example.org/a/my%20pets.zip?x=1';
  const create = (body: object) => system.ask('POST', 'datasets/fromURL', { body });

  it('creates a dataset that is named after the file', async () => {
    const { status, body, headers } = await create({ url, doSnapshot: true, persistDataAfterIngestion: true });
    expect([status, body, headers.location]).toEqual([202, CREATED, `${ORIGIN}/api/v2/status/${JOB}/`]);
    const names = { name: 'my pets.zip', fileName: 'my pets.zip', categories: [] };
    expect(system.lastCall()).toEqual({ ...names, source: { kind: 'url', url } });
  });

  it('keeps a name and categories of the client', async () => {
    await create({ url: 'https://example.org', name: 'mine', categories: ['TRAINING'] });
    expect(system.lastCall()).toMatchObject({ name: 'mine', fileName: 'dataset', categories: ['TRAINING'] });
  });

  it.each([
    [undefined, {}],
    ['no text', { url: 1 }],
    ['an empty text', { url: '' }],
    ['a name that is too long', { url, name: 'x'.repeat(256) }],
    ['a blank name', { url, name: ' ' }],
    ['a name with control characters', { url, name: 'a\0b' }],
    ['categories that are no list', { url, categories: 'TRAINING' }],
  ])('refuses %j with 422', async (_what, body) => {
    expect((await create(body)).status).toBe(422);
    expect(system.calls).toEqual([]);
  });

  it('passes on that an address may not be fetched', async () => {
    system.answer(datasets.create, () => {
      throw new DomainError('INVALID_ARGUMENT', 'The URL leads to an inner network.', { field: 'url' });
    });
    const { status, body } = await create({ url: 'http://127.0.0.1/' });
    expect([status, Object.keys(body.errors)]).toEqual([422, ['url']]);
  });
});

describe('datasets', () => {
  it('have all members that the client requires', async () => {
    const { body } = await system.ask('GET', `datasets/${DATASET}/`);
    expect(body).toMatchObject({
      ...{ datasetId: DATASET, versionId: VERSION, name: 'pets.zip', categories: ['TRAINING'], createdBy: 'k' },
      ...{ creationDate: '1970-01-01T00:00:00.000Z', lastModificationDate: '1970-01-01T00:00:01.000Z' },
      ...{ isDataEngineEligible: false, isLatestVersion: true, isSnapshot: true, dataPersisted: true },
      ...{ processingState: 'COMPLETED', datasetSize: 50, rowCount: 3, columnCount: 2, featureCount: 2 },
      ...{ dataSourceType: 'file', error: '', lastModifierFullName: 'k', uri: 'pets.zip' },
    });
    const importing = { ...dataset, state: 'importing', createdBy: '', rowCount: null, columnCount: null, table: null };
    system.answer(datasets.get, () => importing);
    const running = { processingState: 'RUNNING', createdBy: null, datasetSize: null, rowCount: null };
    expect((await system.ask('GET', `datasets/${DATASET}`)).body).toMatchObject(running);
  });

  it('are listed, newest first, in pages that keep the filters', async () => {
    system.answer(datasets.list, () => ({ datasets: [dataset], total: 2 }));
    const filters = 'category=TRAINING&orderBy=-name&filterFailed=true';
    const { body } = await system.ask('GET', `datasets/?${filters}&limit=1&useCaseIds=x`);
    expect([body.count, body.totalCount, body.data[0].datasetId, body.previous]).toEqual([1, 2, DATASET, null]);
    expect(body.next).toBe(`${ORIGIN}/api/v2/datasets/?${filters}&offset=1&limit=1`);
    const request = { category: 'TRAINING', order: 'name-descending', offset: 0, limit: 1 };
    expect(system.calls[0]?.request).toEqual(request);
    system.answer(datasets.list, () => ({ datasets: [dataset], total: 1 }));
    await system.ask('GET', 'datasets');
    expect(system.lastCall()).toMatchObject({ order: 'newest', limit: 100 });
  });

  it.each(['limit=-1', 'limit=1&limit=2', 'offset=x', 'orderBy=size', 'orderBy=', 'filterFailed=1'])(
    'are not listed for ?%s',
    async (query) => {
      expect((await system.ask('GET', `datasets/?${query}`)).status).toBe(422);
      expect(system.calls).toEqual([]);
    },
  );

  it('change their name and categories', async () => {
    system.answer(datasets.update, () => ({ ...dataset, name: 'mine' }));
    const { status, body } = await system.ask('PATCH', `datasets/${DATASET}/`, {
      body: { name: 'mine', categories: [], versionId: 'ignored' },
    });
    expect([status, body.name]).toEqual([200, 'mine']);
    expect(system.lastCall()).toEqual({ datasetId: DATASET, name: 'mine', categories: [] });
    expect((await system.ask('PATCH', `datasets/${DATASET}/`)).status).toBe(200);
    expect(system.lastCall()).toEqual({ datasetId: DATASET });
    const lists = [[''], [' '], ['a\nb'], Array(101).fill('x')].map((categories) => ({ categories }));
    for (const wrong of [...['', ' ', 'a\0b', null].map((name) => ({ name })), ...lists])
      expect((await system.ask('PATCH', `datasets/${DATASET}/`, { body: wrong })).status).toBe(422);
  });

  it('are deleted', async () => {
    system.answer(datasets.delete, () => ({}));
    expect((await system.ask('DELETE', `datasets/${DATASET}/`)).status).toBe(204);
    expect(system.lastCall()).toEqual({ datasetId: DATASET });
  });

  it('list their projects, each as an id and an address and nothing else', async () => {
    const projectIds = Array.from({ length: 3 }, (_, i) => String(i).repeat(24));
    system.answer(modelingContracts.ofDataset, ({ offset, limit }: { offset: number; limit: number }) => ({
      projectIds: projectIds.slice(offset, offset + limit),
      total: 3,
    }));
    const path = `datasets/${DATASET}/projects/`;
    const items = projectIds.map((id) => ({ id, url: `${ORIGIN}/api/v2/projects/${id}/` }));
    const whole = { count: 3, data: items, next: null, previous: null, totalCount: 3 };
    expect((await system.ask('GET', path)).body).toEqual(whole);
    expect(system.lastCall()).toEqual({ datasetId: DATASET, offset: 0, limit: 1000 });
    const page = (await system.ask('GET', `${path}?offset=1&limit=1`)).body;
    expect([page.data, page.totalCount]).toEqual([[items[1]], 3]);
    const link = `${ORIGIN}/api/v2/${path}`;
    expect([page.previous, page.next]).toEqual([`${link}?offset=0&limit=1`, `${link}?offset=2&limit=1`]);
    system.reset();
    expect((await system.ask('GET', path)).status).toBe(404);
  });

  it('have a file of their rows, once these are known', async () => {
    const { status } = await system.ask('GET', `datasets/${DATASET}/file/`);
    expect(status).toBe(200);
    const content = { sha256: CONTENT.sha256, size: 50, mediaType: 'text/csv; charset=utf-8' };
    const saved = { fileName: 'pets.csv', mayBeGone: true };
    expect(system.sent).toEqual([{ area: 'datasets', workspace: 'w1', ...content, ...saved }]);
    system.answer(datasets.get, () => ({ ...dataset, table: null }));
    expect((await system.ask('GET', `datasets/${DATASET}/file/`)).status).toBe(422);
  });

  it.each(['', 'allFeaturesDetails/', 'file/', 'projects/', 'imagesDataQualityLog/', 'imagesDataQualityLog/file/'])(
    'are not found by a text that is not an id: %s',
    async (rest) => {
      for (const id of ['x', 'null', 'fromFile', '0'.repeat(23)])
        expect((await system.ask('GET', `datasets/${id}/${rest}`)).status).toBe(404);
      expect(system.calls).toEqual([]);
    },
  );
});

describe('features', () => {
  const column = (index: number, changes: Partial<DatasetColumn>): DatasetColumn => ({
    ...{ index, name: `column ${index}`, type: 'Text', uniqueCount: 2, missingCount: 0, lowInformation: false },
    statistics: null,
    ...changes,
  });
  const statistics = { min: 1, max: 3, mean: 2, median: 2, standardDeviation: 0.5 };
  const columns = [
    column(0, { name: 'image', type: 'Image', uniqueCount: 3 }),
    column(1, { name: 'class', type: 'Categorical', missingCount: 1 }),
    column(2, { name: 'size', type: 'Numeric', statistics }),
  ];
  const names = async (query: string) => {
    const { body } = await system.ask('GET', `datasets/${DATASET}/allFeaturesDetails/?${query}`);
    return body.data.map(({ name }: { name: string }) => name);
  };
  beforeEach(() => system.answer(datasets.columns, () => ({ columns, total: columns.length })));

  it('have the members that the client requires', async () => {
    const { body } = await system.ask('GET', `datasets/${DATASET}/allFeaturesDetails/`);
    const ids = { datasetId: DATASET, datasetVersionId: VERSION };
    expect(body.data[1]).toMatchObject({ id: 0, ...ids, name: 'image', featureType: 'Image', uniqueCount: 3 });
    expect(body.data[0]).toMatchObject({ naCount: 1, lowInformation: false, min: null, stdDev: null });
    expect(body.data[2]).toMatchObject({ id: 2, min: 1, max: 3, mean: 2, median: 2, stdDev: 0.5 });
  });

  it('are ordered by name, or as the client says', async () => {
    expect(await names('')).toEqual(['class', 'image', 'size']);
    expect(await names('orderBy=-featureType')).toEqual(['size', 'image', 'class']);
    expect(await names('orderBy=id')).toEqual(['image', 'class', 'size']);
    expect(await names('orderBy=min')).toEqual(['size', 'image', 'class']);
    expect(await names('orderBy=-min')).toEqual(['size', 'image', 'class']);
    expect(await names('orderBy=-missing')).toEqual(['class', 'image', 'size']);
    expect((await system.ask('GET', `datasets/${DATASET}/allFeaturesDetails/?orderBy=x`)).status).toBe(422);
  });

  it('are paged', async () => {
    const { body } = await system.ask('GET', `datasets/${DATASET}/allFeaturesDetails/?orderBy=-name&offset=1&limit=1`);
    expect([body.data[0].name, body.count, body.totalCount]).toEqual(['image', 1, 3]);
    const link = `${ORIGIN}/api/v2/datasets/${DATASET}/allFeaturesDetails/?orderBy=-name`;
    expect([body.previous, body.next]).toEqual([`${link}&offset=0&limit=1`, `${link}&offset=2&limit=1`]);
  });
});

describe('the status of an import', () => {
  const job: Job = {
    ...{ id: JOB, number: 1, owner: 'training-ingest', type: 'dataset.import', state: 'running', progress: 0.5 },
    ...{ error: null, createdAt: 0, startedAt: null, finishedAt: null, subject: { datasetId: DATASET } },
  };
  const statusOf = async (changes: Partial<Job>) => {
    system.answer(jobDirectoryContracts.get, () => ({ ...job, ...changes }));
    return system.ask('GET', `status/${JOB}/`);
  };

  it('says how many of how many rows are done', async () => {
    system.answer(datasets.get, () => ({ ...dataset, importedRows: 2 }));
    const { status, body } = await statusOf({});
    expect([status, body.status, body.progress, body.message]).toEqual([200, 'RUNNING', 0.5, '2 of 3 rows']);
    system.answer(datasets.get, () => ({ ...dataset, rowCount: null }));
    expect((await statusOf({})).body.message).toBe('Reading the file');
  });

  it('says why it failed, and nothing about a dataset that is gone', async () => {
    const error = { code: 'INVALID_ARGUMENT', message: 'The archive is encrypted.' };
    const failed = (await statusOf({ state: 'failed', error })).body;
    expect([failed.status, failed.message]).toEqual(['ERROR', 'The archive is encrypted.']);
    system.reset();
    expect((await statusOf({})).body.message).toBe('');
  });

  it('says that it was ended, with the code of a failure', async () => {
    const { status, code, message } = (await statusOf({ state: 'aborted' })).body;
    expect([status, code]).toEqual(['ABORTED', 1]);
    expect(message).toMatch(/^The job was ended before it was done/);
  });

  it('leads to the dataset when it is done', async () => {
    const { status, headers } = await statusOf({ state: 'completed' });
    expect([status, headers.location]).toEqual([303, `${ORIGIN}/api/v2/datasets/${DATASET}/`]);
  });
});
