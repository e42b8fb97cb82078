import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@pentaprism/testing';
import { drawing } from '../drawings.js';
import { DatarobotExchanges, get, type Exchange } from './support/datarobot-exchanges.js';
import { archive, DatasetsClient, fieldPart, filePart, type Json, type Reply } from './support/datasets.js';
import { form } from './support/filters.js';
import { createKey, sharedSystem } from './support/stack.js';

/** Every operation on models, their insights, predictions and jobs with its refusals, as they go over the wire. */
const system = sharedSystem();
const NOTHING = 'f'.repeat(24);
const SHAPES = ['disc', 'stripes'] as const;
const PER_SHAPE = 3;
const BLUEPRINT = 'keras-linear-classifier';

/** Milliseconds that a job of a small project may take beside other tests. */
const ENDED_WITHIN_MS = 120_000;

const at = (path: string) => `projects/{id}/${path}`;
const read = (path: string): Exchange => get(at(path));
const post = (path: string, json?: unknown): Exchange => ({ method: 'POST', path: at(path), json });
const remove = (path: string): Exchange => ({ method: 'DELETE', path: at(path) });
const uploads = 'predictionDatasets/fileUploads/';

/** The exchanges of one kind of insights. */
function insights(name: 'Embedding' | 'ActivationMap', path: string, page = ''): Record<string, Exchange> {
  const ofModel = `models/{model}/${path}/`;
  return {
    [`listImage${name}Models-none`]: read(`${path}/`),
    [`listImage${name}Models-unknown`]: get(`projects/${NOTHING}/${path}/`),
    [`listImage${name}s-none`]: read(`${ofModel}?featureName=image`),
    [`computeImage${name}s-unknown`]: post(`models/${NOTHING}/${path}/`),
    [`computeImage${name}s`]: post(ofModel),
    [`computeImage${name}s-again`]: post(ofModel),
    [`getJob-of-image${name}s`]: read('jobs/{job}/'),
    [`listImage${name}Models`]: read(`${path}/`),
    [`listImage${name}s`]: read(`${ofModel}?featureName=image${page}`),
    [`listImage${name}s-without-column`]: read(ofModel),
    [`listImage${name}s-unknown-column`]: read(`${ofModel}?featureName=class`),
    [`listImage${name}s-unknown`]: read(`models/${NOTHING}/${path}/?featureName=image`),
  };
}

/** By the name of the file, in this order. */
const EXCHANGES: Readonly<Record<string, Exchange>> = {
  listBlueprints: read('blueprints/'),
  'listModels-none': read('models/'),
  'getRecommendedModel-none': read('recommendedModels/recommendedModel/'),
  'trainModel-unknown-blueprint': post('models/', { blueprintId: 'nothing' }),
  trainModel: post('models/', { blueprintId: BLUEPRINT }),
  getJob: read('jobs/{job}/'),
  'getJob-unknown': read('jobs/4000000/'),
  'getJob-no-number': read(`jobs/${NOTHING}/`),
  getModelJob: read('modelJobs/{job}/'),
  'getModelJob-unknown': read('modelJobs/4000000/'),
  'abortJob-ended': remove('jobs/{job}/'),
  listJobs: read('jobs/?status=COMPLETED'),
  'listJobs-none': read('jobs/'),
  'listJobs-wrong-status': read('jobs/?status=done'),
  listModelJobs: read('modelJobs/?status=COMPLETED'),
  'listModelJobs-none': read('modelJobs/'),
  listModels: read('models/?orderBy=-metric'),
  'listModels-wrong-order': read('models/?orderBy=name'),
  getModel: read('models/{model}/'),
  'getModel-unknown': read(`models/${NOTHING}/`),
  listModelRecords: read('modelRecords/?limit=1'),
  getRecommendedModel: read('recommendedModels/recommendedModel/'),
  ...insights('Embedding', 'imageEmbeddings'),
  ...insights('ActivationMap', 'imageActivationMaps', '&offset=1&limit=1'),
  'uploadPredictionDataset-without-file': { method: 'POST', path: at(uploads), parts: [fieldPart('note', 'x')] },
  uploadPredictionDataset: { method: 'POST', path: at(uploads), parts: [] },
  getPredictionDataset: read('predictionDatasets/{table}/'),
  'getPredictionDataset-unknown': read(`predictionDatasets/${NOTHING}/`),
  listPredictionDatasets: read('predictionDatasets/'),
  'createPredictions-unknown-model': post('predictions/', { modelId: NOTHING, datasetId: '{table}' }),
  'createPredictions-unknown-dataset': post('predictions/', { modelId: '{model}', datasetId: NOTHING }),
  'createPredictions-without-model': post('predictions/', { datasetId: '{table}' }),
  createPredictions: post('predictions/', { modelId: '{model}', datasetId: '{table}' }),
  getPredictJob: read('predictJobs/{job}/'),
  'getPredictJob-unknown': read('predictJobs/4000000/'),
  'listPredictJobs-none': read('predictJobs/'),
  getPredictions: read('predictions/{prediction}/'),
  'getPredictions-unknown': read(`predictions/${NOTHING}/`),
};
const DELETIONS: Readonly<Record<string, Exchange>> = {
  deletePredictionDataset: remove('predictionDatasets/{table}/'),
  'deletePredictionDataset-again': remove('predictionDatasets/{table}/'),
  deleteModel: remove('models/{model}/'),
  'deleteModel-again': remove('models/{model}/'),
};
/** Requests that begin a job which clients find by its number, with the name of what is made. */
const JOBS: Readonly<Record<string, string>> = {
  trainModel: 'model',
  computeImageEmbeddings: 'embeddings',
  computeImageActivationMaps: 'maps',
  createPredictions: 'prediction',
};

let client: DatasetsClient;
let path: string;
let exchanges: DatarobotExchanges;
let table: Buffer;
beforeAll(async () => {
  client = new DatasetsClient(system, await createKey(system, { name: 'golden models' }));
  const files: Record<string, Buffer> = {};
  for (const shape of SHAPES) for (let n = 0; n < PER_SHAPE; n++) files[`${shape}/${n}.png`] = await drawing(shape, n);
  const { headers, body } = await client.ask('POST', 'projects/', form([filePart(archive(files), 'shapes.zip')]));
  await client.wait(String(headers.location));
  path = `projects/${body.pid}`;
  const aim = await client.ask('PATCH', `${path}/aim/`, { json: { target: 'class', mode: 'manual' } });
  expect((await client.wait(String(aim.headers.location))).status).toBe(303);
  exchanges = new DatarobotExchanges(client, 'datarobot-models', { project: body.pid });
  const images = await Promise.all(SHAPES.map((shape) => drawing(shape, PER_SHAPE)));
  table = Buffer.from(`image\n${images.map((image) => image.toString('base64')).join('\n')}\n`);
});
afterAll(() => expect(exchanges.unused()).toEqual([]));

/** Polls a job until it has ended well. */
function ended(location: string): Promise<Reply> {
  return eventually(
    async () => {
      const reply = await client.get(location);
      expect(reply.status).toBe(303);
      return reply;
    },
    { timeoutMs: ENDED_WITHIN_MS },
  );
}

const lastId = (url: unknown) => /([0-9a-f]{24})\/(?:\?|$)/.exec(String(url))?.[1] ?? 'no id';

const upload = () => client.ask('POST', `${path}/${uploads}`, form([filePart(table, 'rows.csv')]));

it.each(Object.entries(EXCHANGES))('%s is asked and answered as it was before', async (name, exchange) => {
  const parts = name === 'uploadPredictionDataset' ? { parts: [filePart(table, 'rows.csv')] } : {};
  const answer = await exchanges.compare(name, { ...exchange, ...parts });
  const made = JOBS[name];
  if (made !== undefined) {
    const location = String(answer.headers.location);
    const end = await ended(location);
    exchanges.rename('job', /(\d+)\/$/.exec(location)?.[1] ?? 'no number');
    if (['model', 'prediction'].includes(made)) exchanges.rename(made, lastId(end.headers.location));
  }
  if (name === 'uploadPredictionDataset') {
    exchanges.rename('table', answer.body.datasetId);
    exchanges.compareStatus('getStatus-of-prediction-data', await client.wait(String(answer.headers.location)));
  }
});

describe('lists with two items or more', () => {
  beforeAll(async () => {
    const { body: blueprints } = await client.get(`${path}/blueprints/`);
    const another = blueprints.find(({ id }: Json) => id !== BLUEPRINT);
    const trained = await client.ask('POST', `${path}/models/`, { json: { blueprintId: another.id } });
    const model = lastId((await ended(String(trained.headers.location))).headers.location);
    for (const insight of ['imageEmbeddings', 'imageActivationMaps'])
      await ended((await client.ask('POST', `${path}/models/${model}/${insight}/`)).body.url);
    await client.wait(String((await upload()).headers.location));
  });

  it.each([
    ['imageEmbeddings/', 2],
    ['imageActivationMaps/', 2],
    ['modelRecords/', 2],
    ['modelRecords/?sortByPartition=crossValidation', 2],
    ['predictionDatasets/', 2],
    ['jobs/?status=COMPLETED', 7],
  ])('%s is read by next to its end and by previous to its beginning', async (list, count) => {
    const { forwards, backwards } = await client.walk(`${path}/${list}`);
    const { body } = await client.get(`${path}/${list}`);
    const whole: Json[] = body.data ?? body.jobs;
    expect(forwards).toHaveLength(count);
    expect(forwards).toEqual(whole);
    expect(backwards).toEqual([...forwards].reverse());
  });
});

it.each(Object.entries(DELETIONS))('%s is asked and answered as it was before', async (name, exchange) => {
  await exchanges.compare(name, exchange);
});
