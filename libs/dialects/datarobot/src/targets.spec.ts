import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  candidateContracts,
  imageContracts,
  jobDirectoryContracts,
  targetContracts,
  type Job,
  type Rpc,
} from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { candidate, modeling, ORIGIN, project, StandInSystem, target } from './datarobot.fixture.js';
import { featurelistOfModels } from './wire/featurelist.js';

const { id: PROJECT } = project;
const PATH = `projects/${PROJECT}/`;
const LINK = `${ORIGIN}/api/v2/${PATH}`;
const JOB = 'c'.repeat(24);

let system: StandInSystem;
beforeAll(async () => {
  system = await StandInSystem.start();
});
afterAll(() => system.app.close());
beforeEach(() => {
  system.reset();
  system.answerProject(project, modeling);
});

const get = (tail: string) => system.ask('GET', `${PATH}${tail}`);
const refuse = (rpc: Rpc, error: DomainError) =>
  system.answer(rpc, () => {
    throw error;
  });
const requests = () => system.calls.map(({ request }) => request);

describe('PATCH projects/{id}/aim/', () => {
  const aim = (body?: unknown) => system.ask('PATCH', `${PATH}aim/`, { body });
  beforeEach(() => system.answer(targetContracts.set, () => ({ jobId: JOB })));

  it('is accepted with the status to poll', async () => {
    const ofClient = { useSupervisedFeatureReduction: true, autopilotWithFeatureDiscovery: false };
    const { status, body, headers } = await aim({ target: 'class', mode: 'quick', ...ofClient });
    expect([status, body, headers['location']]).toEqual([202, { statusId: JOB }, `${ORIGIN}/api/v2/status/${JOB}/`]);
    expect(requests()).toEqual([{ projectId: PROJECT, column: 'class', mode: 'quick' }]);
  });

  it('takes a list of features of the project, and refuses any other one with 422', async () => {
    const { featurelistId } = featurelistOfModels(PROJECT);
    expect((await aim({ target: 'class', featurelistId })).status).toBe(202);
    const { status, body } = await aim({ target: 'class', featurelistId: '5'.repeat(24) });
    expect(status).toBe(422);
    expect(body).toMatchObject({ message: 'featurelistId: the project has no feature list of this id' });
  });

  it.each([true, false])('takes the positive class %s as text', async (positiveClass) => {
    await aim({ target: 'yes', positiveClass });
    expect(requests()).toMatchObject([{ positiveClass: String(positiveClass) }]);
  });

  it('passes on what is predicted, in the words of the domain', async () => {
    await aim({ target: 'yes', mode: 'manual', metric: 'AUC', positiveClass: 1, targetType: 'Binary' });
    const expected = { column: 'yes', mode: 'manual', metric: 'AUC', positiveClass: '1', type: 'binary' };
    expect(requests()).toEqual([{ projectId: PROJECT, ...expected }]);
  });

  it.each([
    [0, 'auto'],
    [2, 'manual'],
    [3, 'quick'],
    [4, 'comprehensive'],
    [null, 'quick'],
    [undefined, 'quick'],
  ])('takes the mode %s as %s', async (mode, expected) => {
    await aim({ target: 'class', mode, metric: null, featurelistId: null });
    expect(requests()).toEqual([{ projectId: PROJECT, column: 'class', mode: expected }]);
  });

  it('also takes the mode as autopilotMode', async () => {
    await aim({ target: 'class', autopilotMode: 2 });
    await aim({ target: 'class', autopilotMode: 2, mode: 'auto' });
    expect(requests()).toMatchObject([{ mode: 'manual' }, { mode: 'auto' }]);
  });

  it.each([
    ['no target', {}],
    ['an empty target', { target: '' }],
    ['a target that is a number', { target: 5 }],
    ['an unknown mode', { target: 'class', mode: 'fast' }],
    ['an unknown number of a mode', { target: 'class', mode: 1 }],
    ['an unknown type', { target: 'class', targetType: 'Clustering' }],
    ['an empty positive class', { target: 'class', positiveClass: '' }],
    ['a list', []],
    ['a text', 'class'],
  ])('refuses %s with 422', async (_what, body) => {
    expect((await aim(body)).status).toBe(422);
    expect(system.calls).toEqual([]);
  });

  it.each(['INVALID_ARGUMENT', 'FAILED_PRECONDITION'] as const)('answers %s with 422 and the reason', async (code) => {
    refuse(targetContracts.set, new DomainError(code, 'The project has a target already.'));
    const { status, body } = await aim({ target: 'class' });
    expect([status, body.message]).toEqual([422, 'The project has a target already.']);
  });

  it('leads to the project when the values have been read', async () => {
    const job: Job = {
      ...{ id: JOB, number: 3, owner: 'training-ingest', type: 'project.target', state: 'completed', progress: 1 },
      ...{ error: null, createdAt: 0, startedAt: 0, finishedAt: 0, subject: { projectId: PROJECT } },
    };
    system.answer(jobDirectoryContracts.get, () => job);
    const { status, headers } = await system.ask('GET', `status/${JOB}/`);
    expect([status, headers['location']]).toEqual([303, LINK]);
  });
});

describe('a project with a target', () => {
  const stratified = { cvMethod: 'stratified', validationType: 'CV', holdoutPct: 20, reps: 5 };

  it.each([
    [
      target,
      {
        target: 'class',
        targetType: 'Multiclass',
        metric: 'LogLoss',
        autopilotMode: 3,
        partition: stratified,
        maxTrainPct: 80,
      },
    ],
    [
      { ...target, type: 'binary', positiveClass: 'yes', mode: 'manual' } as const,
      { targetType: 'Binary', positiveClass: 'yes', autopilotMode: 2 },
    ],
    [
      { ...target, type: 'regression', metric: 'RMSE', mode: 'auto' } as const,
      { targetType: 'Regression', autopilotMode: 0, partition: { ...stratified, cvMethod: 'random' }, maxTrainRows: 2 },
    ],
    [{ ...target, type: 'multilabel', mode: 'comprehensive' } as const, { targetType: 'Multilabel', autopilotMode: 4 }],
  ])('is at the stage modeling, and shows %j', async (target, expected) => {
    system.answerProject(project, { ...modeling, target });
    expect((await get('')).body).toMatchObject({ stage: 'modeling', ...expected });
  });

  it('has a status that says whether models are still being trained', async () => {
    system.answerProject(project, { ...modeling, target: target });
    system.answer(candidateContracts.list, () => ({ candidates: [{ ...candidate, state: 'training' }] }));
    const expected = { stage: 'modeling', stageDescription: 'Training models', autopilotDone: false };
    expect((await get('status/')).body).toEqual(expected);
    expect(system.lastCall()).toEqual({ projectId: PROJECT, state: 'training' });
    system.answer(candidateContracts.list, () => ({ candidates: [] }));
    expect((await get('status/')).body).toMatchObject({ stage: 'modeling', autopilotDone: true });
  });

  it('has a status that says so also before the first of them has been begun', async () => {
    system.answerProject(project, { ...modeling, target, searching: true });
    system.answer(candidateContracts.list, () => ({ candidates: [] }));
    expect((await get('status/')).body).toMatchObject({ stage: 'modeling', autopilotDone: false });
  });

  it('has nothing left for autopilot in manual mode', async () => {
    system.answerProject(project, { ...modeling, target: { ...target, mode: 'manual' } });
    system.answer(candidateContracts.list, () => ({ candidates: [{ ...candidate, state: 'training' }] }));
    expect((await get('status/')).body).toMatchObject({ stage: 'modeling', autopilotDone: true });
  });
});

describe('GET projects/{id}/images/', () => {
  const image = { imageId: 'd'.repeat(24), width: 4, height: 3 };
  beforeEach(() =>
    system.answer(targetContracts.images, ({ offset, limit }: { offset: number; limit: number }) => ({
      images: Array.from({ length: Math.min(limit, 250 - offset) }, () => ({ ...image, value: 'cats' })),
      total: 250,
      revision: 'first',
      unchanged: false,
    })),
  );

  it('lists 100 images with their values, and links to the next ones', async () => {
    const { body } = await get('images/?column=a+photo');
    expect([body.count, body.totalCount, body.previous]).toEqual([100, 250, null]);
    expect(body.data[0]).toEqual({ ...image, targetValue: 'cats' });
    expect(body.next).toBe(`${LINK}images/?column=a+photo&offset=100&limit=100`);
  });

  it('keeps every filter in its links', async () => {
    const values = (await get('images/?targetValue=a%26b&targetValue=c&offset=10&limit=5')).body;
    const query = 'targetValue=a%26b&targetValue=c';
    expect(values.next).toBe(`${LINK}images/?${query}&offset=15&limit=5`);
    expect(values.previous).toBe(`${LINK}images/?${query}&offset=5&limit=5`);
    expect(requests()[0]).toEqual({ projectId: PROJECT, values: ['a&b', 'c'], offset: 10, limit: 5 });
    const bins = (await get('images/?targetBinStart=-1.5&targetBinEnd=1e3&limit=1')).body;
    expect(bins.next).toBe(`${LINK}images/?targetBinStart=-1.5&targetBinEnd=1000&offset=1&limit=1`);
  });

  it('lists all of them with limit=0', async () => {
    expect((await get('images/?limit=0')).body).toMatchObject({ count: 250, next: null });
  });

  it.each([
    'images/?targetBinStart=1',
    'images/?targetBinEnd=1',
    'images/?targetBinStart=x&targetBinEnd=2',
    'images/?targetBinStart=&targetBinEnd=2',
    'images/?targetBinStart=Infinity&targetBinEnd=2',
    'images/?targetBinStart=1&targetBinStart=2&targetBinEnd=3',
    'images/?column=',
    'images/?limit=1001',
  ])('refuses %s with 422', async (path) => {
    expect((await get(path)).status).toBe(422);
    expect(system.calls).toEqual([]);
  });

  it('answers a filter that does not fit with 422 and the reason', async () => {
    refuse(targetContracts.images, new DomainError('INVALID_ARGUMENT', 'Only targets that are numbers have ranges.'));
    const { status, body } = await get('images/?targetBinStart=0&targetBinEnd=1');
    expect([status, body.message]).toEqual([422, 'Only targets that are numbers have ranges.']);
  });
});

describe('GET projects/{id}/images/{imageId}/', () => {
  const shown = { imageId: 'd'.repeat(24), width: 4, height: 3 };
  const picture = { id: shown.imageId, projectId: PROJECT, sha256: '0'.repeat(64), size: 5, mediaType: 'image/png' };

  it.each([['cats'], [1.5], [['a', 'b']], [[]]])('has the target value %j of its rows', async (value) => {
    system.answer(imageContracts.getPicture, () => ({ ...picture, width: 4, height: 3 }));
    system.answer(targetContracts.ofImage, () => ({ value }));
    expect((await get(`images/${shown.imageId}/`)).body).toEqual({ ...shown, targetValue: value });
    expect(system.lastCall()).toEqual({ projectId: PROJECT, imageId: shown.imageId });
  });
});

describe('GET projects/{id}/imageBins/', () => {
  const cover = { imageId: 'd'.repeat(24), width: 4, height: 3 };
  const bins = [
    { label: 'cats', start: null, end: null, rows: 3, cover },
    { label: 'dogs', start: null, end: null, rows: 1, cover: null },
    { label: null, start: 0.5, end: 10, rows: 2, cover },
  ];
  beforeEach(() =>
    system.answer(targetContracts.bins, ({ offset, limit }: { offset: number; limit: number }) => ({
      bins: bins.slice(offset, offset + limit),
      total: bins.length,
    })),
  );

  it('lists labels and ranges with their rows and an image', async () => {
    const { body } = await get('imageBins/?featureName=image');
    expect(body.data).toEqual([
      { ...cover, targetValue: 'cats', targetBinStart: null, targetBinEnd: null, targetBinRowCount: 3 },
      {
        ...{ imageId: null, width: null, height: null, targetValue: 'dogs' },
        ...{ targetBinStart: null, targetBinEnd: null, targetBinRowCount: 1 },
      },
      { ...cover, targetValue: null, targetBinStart: 0.5, targetBinEnd: 10, targetBinRowCount: 2 },
    ]);
    expect(requests()).toEqual([{ projectId: PROJECT, column: 'image', offset: 0, limit: 100 }]);
  });

  it('links to its pages', async () => {
    const { body } = await get('imageBins/?featureName=image&offset=1&limit=1');
    expect([body.next, body.previous]).toEqual(
      [2, 0].map((offset) => `${LINK}imageBins/?featureName=image&offset=${offset}&limit=1`),
    );
  });

  it.each(['imageBins/', 'imageBins/?featureName=', 'imageBins/?featureName=a&limit=x'])(
    'refuses %s with 422',
    async (path) => {
      expect((await get(path)).status).toBe(422);
      expect(system.calls).toEqual([]);
    },
  );
});
