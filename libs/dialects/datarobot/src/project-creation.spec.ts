import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  datasetContracts,
  jobDirectoryContracts,
  modelingContracts,
  type Dataset,
  type Job,
} from '@pentaprism/contracts';
import { DomainError, MAX_IMAGE_URL_LENGTH, MAX_PROJECT_NAME_LENGTH } from '@pentaprism/domain';
import { dataset, MAX_DATASET_BYTES, ORIGIN, project, StandInSystem } from './datarobot.fixture.js';
import { END, file, FORM_TYPE, part } from './form.fixture.js';

const { id: DATASET, versionId: VERSION } = dataset;
const { id: PROJECT } = project;
const JOB = 'c'.repeat(24);
const CREATED = { pid: PROJECT, catalogId: DATASET, catalogVersionId: VERSION, statusId: JOB };
const STATUS = `${ORIGIN}/api/v2/status/${JOB}/`;
const LONGEST = 'é'.repeat(MAX_PROJECT_NAME_LENGTH);

/** Names that no project may have, and why. */
const WRONG_NAMES = [
  ['too long', 'x'.repeat(MAX_PROJECT_NAME_LENGTH + 1)],
  ['empty', ''],
  ['blank', ' \u00a0\u3000'],
  ['broken by a line end', 'a\nb'],
  ['ended by NUL', 'a\u0000'],
  ['not writable in XML', 'a\uffff'],
] as const;

let system: StandInSystem;
beforeAll(async () => {
  system = await StandInSystem.start();
});
afterAll(() => system.app.close());
beforeEach(() => {
  system.reset();
  const created = { projectId: PROJECT, datasetId: DATASET, versionId: VERSION, jobId: JOB };
  system.answer(modelingContracts.create, () => created);
  system.answer(datasetContracts.list, () => ({ datasets: [], total: 0 }));
});

/** The calls beside those that count datasets. */
const otherCalls = () => system.calls.filter(({ subject }) => subject !== datasetContracts.list.subject);

const refuse = (code: ConstructorParameters<typeof DomainError>[0]) =>
  system.answer(modelingContracts.create, () => {
    throw new DomainError(code, 'why');
  });
const create = (body: unknown) => system.ask('POST', 'projects/', { body });
const upload = (parts: readonly Buffer[], type = FORM_TYPE, more = {}) =>
  system.ask('POST', 'projects/', { body: Buffer.concat(parts), headers: { 'content-type': type, ...more } });
const nameField = (name: string | Buffer, ...headers: string[]) => part('name="projectName"', name, ...headers);

describe('POST projects/ with a form', () => {
  const content = { sha256: '0'.repeat(64), size: 5, mediaType: 'application/octet-stream' };
  const source = { kind: 'new', fileName: 'pets.zip', source: { kind: 'content', content } };

  it.each([
    ['before the file', [nameField('My pets'), file(), END]],
    ['after the file', [file(), nameField('My pets'), END]],
  ])('reads the name %s, stores the file, and answers with an absolute status URL', async (_where, parts) => {
    const { status, body, headers } = await upload(parts);
    expect([status, body, headers.location]).toEqual([202, CREATED, STATUS]);
    expect(system.stored).toEqual([{ area: 'datasets', workspace: 'w1', bytes: Buffer.from('bytes') }]);
    expect(system.lastCall()).toEqual({ name: 'My pets', source });
  });

  it('leaves the name to the service where there is none, as the R client does, whose parts have content types', async () => {
    const typed = part('name="file"; filename="pets.zip"', 'bytes', 'Content-Type: application/zip');
    expect((await upload([typed, END])).status).toBe(202);
    expect(system.lastCall()).toEqual({ source });
    const text = nameField(LONGEST, 'Content-Type: text/plain; charset=UTF-8');
    expect((await upload([text, typed, END])).status).toBe(202);
    expect(system.lastCall()).toEqual({ name: LONGEST, source });
  });

  it('skips other parts, those of datasets too', async () => {
    const parts = [part('name="categories"', '[1'), part('name="constructor"', 'x'), file(), END];
    expect((await upload(parts)).status).toBe(202);
    expect(system.lastCall()).toEqual({ source });
  });

  it.each([
    ['no part "file"', [nameField('x'), END]],
    ['two parts "file"', [file(), file(), END]],
    ['two names', [nameField('x'), file(), nameField('x'), END]],
    ['an empty file', [file('a.csv', ''), END]],
    ['a file that is cut off', [file().subarray(0, -4)]],
    ['a file above the limit', [file('a.csv', 'x'.repeat(MAX_DATASET_BYTES + 1)), END]],
    ['a name that is not text', [nameField(Buffer.from([0xff])), file(), END]],
    ...WRONG_NAMES.map(([why, name]): [string, Buffer[]] => [`a name that is ${why}`, [file(), nameField(name), END]]),
  ])('refuses %s with 422, and keeps nothing', async (_what, parts) => {
    const { status, body } = await upload(parts);
    expect([status, body.message]).toEqual([422, expect.stringMatching(/./)]);
    expect([system.stored, otherCalls()]).toEqual([[], []]);
  });

  it('names the field that is wrong', async () => {
    expect(Object.keys((await upload([nameField(' '), file(), END])).body.errors)).toEqual(['projectName']);
  });

  it('refuses a form without a boundary, and a length that is too large, with 422', async () => {
    expect((await upload([file(), END], 'multipart/form-data')).status).toBe(422);
    const declared = { 'content-length': String(MAX_DATASET_BYTES + 2 * 1024 ** 2) };
    expect((await upload([file(), END], FORM_TYPE, declared)).status).toBe(422);
    expect([system.stored, system.calls]).toEqual([[], []]);
  });

  it.each(['RATE_LIMITED', 'UNAVAILABLE', 'DEADLINE_EXCEEDED', 'PAYLOAD_TOO_LARGE', 'FAILED_PRECONDITION'] as const)(
    'never answers %s with a status that makes the client send the form again',
    async (code) => {
      refuse(code);
      expect((await upload([file(), END])).status).toBe(422);
    },
  );
});

describe('POST projects/ with JSON', () => {
  it.each([
    ['of a dataset', {}, {}],
    ['of a version', { datasetVersionId: VERSION }, { versionId: VERSION }],
    ['of a dataset, without what is null', { datasetVersionId: null, projectName: null, url: null }, {}],
    ['of a dataset, and ignores what it does not know', { useCaseId: 'x', recipeId: 1, credentialData: {} }, {}],
  ])('creates a project %s', async (_what, members, version) => {
    const { status, body, headers } = await create({ datasetId: DATASET, ...members });
    expect([status, body, headers.location]).toEqual([202, CREATED, STATUS]);
    expect(system.lastCall()).toEqual({ source: { kind: 'dataset', datasetId: DATASET, ...version } });
  });

  it('creates a project of the file at an address', async () => {
    const url = 'https://example.org/a/my%20pets.zip?x=1';
    const source = { kind: 'new', fileName: 'my pets.zip', source: { kind: 'url', url } };
    expect((await create({ url })).status).toBe(202);
    expect(system.lastCall()).toEqual({ source });
    expect((await create({ url, projectName: LONGEST })).status).toBe(202);
    expect(system.lastCall()).toEqual({ name: LONGEST, source });
  });

  it.each([
    ['no body', undefined, undefined],
    ['neither a dataset nor an address', { projectName: 'x' }, undefined],
    ['both', { datasetId: DATASET, url: 'https://example.org/' }, undefined],
    ['a list', [], undefined],
    ['a malformed id', { datasetId: 'x' }, 'datasetId'],
    ['an empty id', { datasetId: '' }, 'datasetId'],
    ['an operator in the place of an id', { datasetId: { $ne: '' } }, 'datasetId'],
    ['a malformed version', { datasetId: DATASET, datasetVersionId: 'x' }, 'datasetVersionId'],
    ['an empty address', { url: '' }, 'url'],
    ['an address that is too long', { url: `https://${'x'.repeat(MAX_IMAGE_URL_LENGTH)}` }, 'url'],
    ['a name that is a number', { datasetId: DATASET, projectName: 1 }, 'projectName'],
    ...WRONG_NAMES.map(([why, projectName]): [string, unknown, string] => [
      `a name that is ${why}`,
      { datasetId: DATASET, projectName },
      'projectName',
    ]),
  ])('refuses %s with 422', async (_what, body, field) => {
    const { status, body: error } = await create(body);
    expect([status, error.message]).toEqual([422, expect.stringMatching(/./)]);
    if (field !== undefined) expect(Object.keys(error.errors)).toEqual([field]);
    expect(system.calls).toEqual([]);
  });

  it.each([
    ['NOT_FOUND', 404],
    ['FAILED_PRECONDITION', 422],
    ['INVALID_ARGUMENT', 422],
    ['UNAVAILABLE', 503],
  ] as const)('answers %s of the service with %d', async (code, expected) => {
    refuse(code);
    const { status, body } = await create({ datasetId: DATASET });
    expect([status, body.message]).toEqual([expected, 'why']);
  });
});

describe('the status of the creation of a project', () => {
  const job: Job = {
    ...{ id: JOB, number: 1, owner: 'training-ingest', type: 'project.create', state: 'running', progress: 0.5 },
    ...{ error: null, createdAt: 0, startedAt: null, finishedAt: null },
    subject: { projectId: PROJECT, datasetId: DATASET },
  };
  const statusOf = (changes: Partial<Job>) => {
    system.answer(jobDirectoryContracts.get, () => ({ ...job, ...changes }));
    return system.ask('GET', `status/${JOB}/`);
  };
  const messageWith = async (changes: Partial<Dataset>) => {
    system.answer(datasetContracts.get, () => ({ ...dataset, ...changes }));
    return (await statusOf({})).body.message;
  };

  it('leads to the project, with a slash at its end', async () => {
    for (let i = 0; i < 2; i++) {
      const { status, headers } = await statusOf({ state: 'completed' });
      expect([status, headers.location]).toEqual([303, `${ORIGIN}/api/v2/projects/${PROJECT}/`]);
    }
  });

  it('says how far the import of the dataset is, and then that images are added', async () => {
    expect(await messageWith({ state: 'importing', rowCount: null })).toBe('Reading the file');
    expect(await messageWith({ state: 'importing', importedRows: 2 })).toBe('2 of 3 rows');
    expect(await messageWith({ state: 'ready' })).toBe('Adding the images to the project');
  });

  it('says that images are added where the dataset has been deleted, and nothing where it cannot be read', async () => {
    expect((await statusOf({})).body.message).toBe('Adding the images to the project');
    system.answer(datasetContracts.get, () => {
      throw new DomainError('UNAVAILABLE', 'away');
    });
    expect((await statusOf({})).body.message).toBe('');
  });

  it('is that of a job which waits, runs, and lets others go first', async () => {
    const waiting = (await statusOf({ state: 'queued', progress: 0 })).body;
    expect([waiting.status, waiting.message]).toEqual(['INITIALIZED', '']);
    const { body } = await statusOf({ state: 'queued' });
    const described = { statusType: 'projectCreation', description: 'Creation of a project', progress: 0.5 };
    expect(body).toMatchObject({ status: 'RUNNING', code: 0, ...described });
    expect(body.message).toBe('Adding the images to the project');
  });

  it('says why it failed', async () => {
    const error = { code: 'INVALID_ARGUMENT', message: 'The archive is encrypted.' };
    const { status, body } = await statusOf({ state: 'failed', error });
    expect([status, body.status, body.message, body.code]).toEqual([200, 'ERROR', 'The archive is encrypted.', 1]);
  });
});
