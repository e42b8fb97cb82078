import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  jobDirectoryContracts,
  jobReportContracts,
  predictionDatasetContracts as datasets,
  projectContracts,
  tablePredictionContracts as predictions,
  type Job,
  type PredictedRow,
  type PredictionDataset,
  type TablePrediction,
} from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { candidate, dataset, modeling, ORIGIN, project, StandInSystem, target } from './datarobot.fixture.js';
import { END, file, FORM_TYPE, part } from './form.fixture.js';

const { id: PROJECT } = project;
const { id: MODEL } = candidate;
const DATASET = '7'.repeat(24);
const PREDICTION = '8'.repeat(24);
const JOB = '9'.repeat(24);
const PATH = `projects/${PROJECT}/`;
const LINK = `${ORIGIN}/api/v2/${PATH}`;
const FILE = { sha256: 'd'.repeat(64), size: 10, mediaType: 'application/x-ndjson' };

const predictionDataset: PredictionDataset = {
  ...{ id: DATASET, projectId: PROJECT, name: 'predict.csv', createdAt: 0, rowCount: 3, columnCount: 2 },
};
const SHOWN_DATASET = {
  ...{ id: DATASET, projectId: PROJECT, name: 'predict.csv', created: '1970-01-01T00:00:00.000Z' },
  ...{ numRows: 3, numColumns: 2 },
};
const prediction: TablePrediction = {
  ...{ id: PREDICTION, projectId: PROJECT, candidateId: MODEL, predictionDatasetId: DATASET, state: 'predicted' },
  ...{ jobId: JOB, jobNumber: 21, createdAt: 0, rowCount: 2, file: FILE, error: null },
  target: { type: 'binary', positiveClass: 'cat' },
};
const job: Job = {
  ...{ id: JOB, number: 21, owner: 'training-ingest', type: 'candidate.predict', state: 'queued', progress: 0 },
  ...{ error: null, createdAt: 0, startedAt: null, finishedAt: null },
  subject: { projectId: PROJECT, candidateId: MODEL, predictionId: PREDICTION },
};
const rows: PredictedRow[] = [
  {
    ...{ rowId: 0, prediction: 'cat', positiveProbability: 0.75 },
    values: [
      { label: 'cat', value: 0.75 },
      { label: 'größe', value: 0.25 },
    ],
  },
  {
    ...{ rowId: 1, prediction: null, positiveProbability: null },
    values: [
      { label: 'cat', value: null },
      { label: 'größe', value: null },
    ],
  },
];

let system: StandInSystem;
beforeAll(async () => {
  system = await StandInSystem.start();
});
afterAll(() => system.app.close());
beforeEach(() => {
  system.reset();
  system.answerProject(project, { ...modeling, target });
  system.answer(projectContracts.resolve, () => ({ project: PROJECT }));
  system.answer(datasets.create, () => ({ id: DATASET, jobId: JOB }));
  system.answer(datasets.get, () => predictionDataset);
  system.answer(predictions.predict, () => ({ ...prediction, state: 'predicting', file: null }));
  answerPrediction({}, rows);
});

const ask = (method: 'GET' | 'HEAD' | 'POST' | 'DELETE', tail: string, body?: unknown) =>
  system.ask(method, `${PATH}${tail}`, { body });

function answerPrediction(changes: Partial<TablePrediction>, found: readonly PredictedRow[]) {
  system.answer(predictions.get, () => ({ ...prediction, ...changes }));
  system.files.set(FILE.sha256, found.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

function upload(path: string, parts: readonly Buffer[]) {
  return system.ask('POST', path, { body: Buffer.concat(parts), headers: { 'content-type': FORM_TYPE } });
}

describe('data to predict', () => {
  const CREATED = { datasetId: DATASET, statusId: JOB };
  const requests = () => system.calls.map(({ request }) => request);

  it('is uploaded as the client sends it, and leads to a status', async () => {
    const parts = [part('name="relaxKnownInAdvanceFeaturesCheck"', 'True'), file('predict.csv'), END];
    const { status, body, headers } = await upload(`${PATH}predictionDatasets/fileUploads/`, parts);
    expect([status, body, headers.location]).toEqual([202, CREATED, `${ORIGIN}/api/v2/status/${JOB}/`]);
    const content = { sha256: '0'.repeat(64), mediaType: 'application/octet-stream', size: 5 };
    const source = { kind: 'new', fileName: 'predict.csv', source: { kind: 'content', content } };
    expect(requests()).toEqual([{ id: PROJECT }, { projectId: PROJECT, source }]);
  });

  it('reads no byte for a project that does not exist', async () => {
    system.answer(projectContracts.resolve, () => {
      throw new DomainError('NOT_FOUND', 'There is no such project.');
    });
    expect((await upload(`${PATH}predictionDatasets/fileUploads/`, [file(), END])).status).toBe(404);
    expect(system.stored).toEqual([]);
  });

  it('keeps nothing of a form without a file, and of one for what cannot be a project', async () => {
    expect((await upload(`${PATH}predictionDatasets/fileUploads/`, [END])).status).toBe(422);
    expect((await upload('projects/x/predictionDatasets/fileUploads/', [file(), END])).status).toBe(404);
    expect([system.stored, requests()]).toEqual([[], [{ id: PROJECT }]]);
  });

  it('is fetched from an address', async () => {
    const url = 'https://example.com/rows/predict.csv?x=1';
    const { status, body } = await ask('POST', 'predictionDatasets/urlUploads/', { url });
    expect([status, body]).toEqual([202, CREATED]);
    const source = { kind: 'new', fileName: 'predict.csv', source: { kind: 'url', url } };
    expect(requests()).toEqual([{ projectId: PROJECT, source }]);
  });

  it('is a dataset of the workspace', async () => {
    const { id: datasetId, versionId } = dataset;
    for (const body of [{ datasetId }, { datasetId, datasetVersionId: versionId }])
      expect((await ask('POST', 'predictionDatasets/datasetUploads/', body)).status).toBe(202);
    const source = { kind: 'dataset', datasetId };
    expect(requests()).toEqual([
      { projectId: PROJECT, source },
      { projectId: PROJECT, source: { ...source, versionId } },
    ]);
  });

  it.each([
    ['urlUploads', {}, 422],
    ['urlUploads', { url: '' }, 422],
    ['datasetUploads', {}, 422],
    ['datasetUploads', { datasetId: 'x' }, 422],
  ])('is refused where %s gets %j', async (route, body, expected) => {
    expect((await ask('POST', `predictionDatasets/${route}/`, body)).status).toBe(expected);
    expect(system.calls).toEqual([]);
  });

  it('is shown, deleted and listed in pages', async () => {
    expect((await ask('GET', `predictionDatasets/${DATASET}/`)).body).toEqual(SHOWN_DATASET);
    system.answer(datasets.delete, () => ({}));
    expect((await ask('DELETE', `predictionDatasets/${DATASET}/`)).status).toBe(204);
    expect(system.lastCall()).toEqual({ projectId: PROJECT, predictionDatasetId: DATASET });
    system.answer(datasets.list, () => ({ predictionDatasets: [predictionDataset], total: 2 }));
    const { body } = await ask('GET', 'predictionDatasets/?limit=1');
    const next = `${LINK}predictionDatasets/?offset=1&limit=1`;
    expect(body).toEqual({ count: 1, data: [SHOWN_DATASET], next, previous: null, totalCount: 2 });
  });

  it('is found by its own id in its own project only', async () => {
    for (const id of ['x', DATASET])
      for (const method of ['GET', 'DELETE'] as const) {
        system.reset();
        expect((await ask(method, `predictionDatasets/${id}/`)).status).toBe(404);
      }
  });

  it('is where the status of its import leads to', async () => {
    const subject = { projectId: PROJECT, datasetId: dataset.id, predictionDatasetId: DATASET };
    const imported = { ...job, type: 'prediction-dataset.import', state: 'completed', subject } as const;
    system.answer(jobDirectoryContracts.get, () => imported);
    const { status, headers } = await system.ask('GET', `status/${JOB}/`);
    expect([status, headers.location]).toEqual([303, `${LINK}predictionDatasets/${DATASET}/`]);
  });
});

describe('POST projects/{id}/predictions/', () => {
  const BODY = { modelId: MODEL, datasetId: DATASET, includePredictionIntervals: false };

  it('begins to predict, and leads to the job', async () => {
    const { status, headers, body } = await ask('POST', 'predictions/', BODY);
    expect([status, headers.location, body]).toEqual([202, `${LINK}predictJobs/21/`, { statusId: JOB }]);
    expect(system.lastCall()).toEqual({ projectId: PROJECT, candidateId: MODEL, predictionDatasetId: DATASET });
  });

  it.each([
    [{}, 422],
    [{ modelId: MODEL }, 422],
    [{ ...BODY, modelId: 'x' }, 404],
    [{ ...BODY, datasetId: 'x' }, 404],
  ])('refuses %j', async (body, expected) => {
    expect((await ask('POST', 'predictions/', body)).status).toBe(expected);
    expect(system.calls).toEqual([]);
  });

  it('passes on which columns are missing, and says that the same prediction is under way', async () => {
    system.answer(predictions.predict, () => {
      throw new DomainError('INVALID_ARGUMENT', 'The dataset lacks columns of the model: image.', {
        field: 'datasetId',
      });
    });
    const missing = await ask('POST', 'predictions/', BODY);
    expect([missing.status, missing.body.message]).toEqual([422, 'The dataset lacks columns of the model: image.']);
    system.answer(predictions.predict, () => {
      throw new DomainError('FAILED_PRECONDITION', 'already', { reason: 'under-way' });
    });
    const again = await ask('POST', 'predictions/', BODY);
    expect([again.status, again.body.errorName]).toEqual([422, 'JobAlreadyAdded']);
  });
});

describe('GET projects/{id}/predictJobs/{number}/', () => {
  const SHOWN = {
    ...{ id: '21', status: 'queue', isBlocked: false, url: `${LINK}jobs/21/`, jobType: 'predict' },
    ...{ projectId: PROJECT, modelId: MODEL, message: '' },
  };
  const answerJob = (changes: Partial<Job> = {}) =>
    system.answer(jobDirectoryContracts.get, () => ({ ...job, ...changes }));

  it('shows a job that waits, and leads to the predictions of one that has completed', async () => {
    answerJob();
    expect((await ask('GET', 'predictJobs/21/')).body).toEqual(SHOWN);
    answerJob({ state: 'completed' });
    for (const collection of ['predictJobs', 'jobs']) {
      const { status, headers, body } = await ask('GET', `${collection}/21/`);
      expect([status, headers.location]).toEqual([303, `${LINK}predictions/${PREDICTION}/`]);
      expect(body).toEqual({ ...SHOWN, status: 'COMPLETED' });
    }
  });

  it('finds no job that does not predict', async () => {
    answerJob({ type: 'candidate.train' });
    for (const method of ['GET', 'DELETE'] as const) expect((await ask(method, 'predictJobs/21/')).status).toBe(404);
  });

  it('is listed as a bare array, and ended by DELETE', async () => {
    system.answer(jobDirectoryContracts.list, () => ({ jobs: [job], total: 1 }));
    expect((await ask('GET', 'predictJobs/')).body).toEqual([SHOWN]);
    answerJob();
    system.answer(jobReportContracts['training-ingest'].abort, () => ({ state: 'aborted' }));
    expect((await ask('DELETE', 'predictJobs/21/')).status).toBe(204);
    expect(system.lastCall()).toEqual({ jobId: JOB });
  });
});

describe('GET projects/{id}/predictions/{id}/', () => {
  const get = () => ask('GET', `predictions/${PREDICTION}/`);

  it('answers with a row for each line of the file', async () => {
    const { status, body } = await get();
    const [first, second] = rows;
    expect(status).toBe(200);
    expect(body).toEqual({
      task: 'Binary',
      positiveClass: 'cat',
      predictions: [first, second].map((row) => ({
        ...{ rowId: row?.rowId, prediction: row?.prediction, predictionThreshold: 0.5 },
        ...{ predictionValues: row?.values, positiveProbability: row?.positiveProbability },
      })),
    });
    expect(system.opened).toEqual([{ ...FILE, area: 'models', workspace: 'w1' }]);
  });

  it('has no threshold for several classes', async () => {
    answerPrediction({ target: { type: 'multiclass', positiveClass: null } }, rows.slice(0, 1));
    expect((await get()).body.predictions[0]).not.toHaveProperty('predictionThreshold');
  });

  it('has numbers alone for a regression', async () => {
    const row = { rowId: 0, prediction: 1.5, values: [], positiveProbability: null };
    answerPrediction({ target: { type: 'regression', positiveClass: null } }, [row]);
    expect((await get()).body).toEqual({
      ...{ task: 'Regression', positiveClass: null },
      predictions: [{ rowId: 0, prediction: 1.5, positiveProbability: null }],
    });
  });

  it('has a threshold for each label, and an empty list where nothing could be read', async () => {
    answerPrediction({ target: { type: 'multilabel', positiveClass: null } }, rows.slice(1));
    expect((await get()).body.predictions).toEqual([
      {
        ...{ rowId: 1, prediction: [], positiveProbability: null },
        predictionValues: rows[1]?.values.map((value) => ({ ...value, threshold: 0.5 })),
      },
    ]);
  });

  it('has no rows where the data has none', async () => {
    answerPrediction({}, []);
    expect((await get()).body).toMatchObject({ predictions: [] });
  });

  it('is not found before it is there, and when its file has been removed', async () => {
    system.answer(predictions.get, () => ({ ...prediction, state: 'predicting', file: null }));
    expect((await get()).status).toBe(404);
    answerPrediction({}, []);
    system.files.clear();
    expect((await get()).status).toBe(404);
    expect((await ask('GET', 'predictions/x/')).status).toBe(404);
  });

  it('opens no file to answer HEAD', async () => {
    expect((await ask('HEAD', `predictions/${PREDICTION}/`)).status).toBe(200);
    expect(system.opened).toEqual([]);
  });
});
