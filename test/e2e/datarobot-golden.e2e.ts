import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DatarobotExchanges, get, type Exchange } from './support/datarobot-exchanges.js';
import { archive, DatasetsClient, fieldPart, filePart, patterned, type Reply } from './support/datasets.js';
import type { Part } from './support/filters.js';
import { createKey, sharedSystem } from './support/stack.js';

/** Every operation on datasets with its refusals, as they go over the wire. */
const system = sharedSystem();
const NOTHING = 'f'.repeat(24);

const csv = filePart('a,b\n1,2\n', 'table.csv');
const patch = (json: unknown, path = 'datasets/{id}/'): Exchange => ({ method: 'PATCH', path, json });
const upload = (...parts: readonly Part[]): Exchange => ({ method: 'POST', path: 'datasets/fromFile/', parts });
const fromUrl = (json: unknown): Exchange => ({ method: 'POST', path: 'datasets/fromURL/', json });

/** By the name of the file, in this order. */
const EXCHANGES: Readonly<Record<string, Exchange>> = {
  createDatasetFromFile: upload(fieldPart('categories', '["TRAINING"]'), csv),
  'createDatasetFromFile-without-file': upload(fieldPart('data', 'a,b')),
  'createDatasetFromFile-two-files': upload(csv, csv),
  'createDatasetFromFile-empty': upload(filePart('')),
  'createDatasetFromFile-wrong-categories': upload(csv, fieldPart('categories', '[1]')),
  'createDatasetFromFile-json': { method: 'POST', path: 'datasets/fromFile/', json: { file: 'a,b' } },
  'createDatasetFromUrl-inner': fromUrl({ url: 'http://10.0.0.1/pets.zip' }),
  'createDatasetFromUrl-file': fromUrl({ url: 'file:///etc/passwd' }),
  'createDatasetFromUrl-without-url': fromUrl({ name: 'pets' }),
  listDatasets: get('datasets/?limit=1&orderBy=created'),
  'listDatasets-wrong-order': get('datasets/?orderBy=size'),
  'listDatasets-wrong-limit': get('datasets/?limit=-1'),
  getDataset: get('datasets/{id}/'),
  'getDataset-unknown': get(`datasets/${NOTHING}/`),
  updateDataset: patch({ name: 'Pets', categories: ['PREDICTION'] }),
  'updateDataset-wrong-name': patch({ name: '' }),
  'updateDataset-unknown': patch({ name: 'x' }, `datasets/${NOTHING}/`),
  listDatasetFeatures: get('datasets/{id}/allFeaturesDetails/'),
  'listDatasetFeatures-wrong-order': get('datasets/{id}/allFeaturesDetails/?orderBy=colour'),
  getDatasetFile: get('datasets/{id}/file/'),
  'getDatasetFile-unknown': get(`datasets/${NOTHING}/file/`),
  listDatasetProjects: get('datasets/{id}/projects/'),
  listDatasetQualityLog: get('datasets/{id}/imagesDataQualityLog/?offset=1&limit=1'),
  'listDatasetQualityLog-whole': get('datasets/{id}/imagesDataQualityLog/'),
  'listDatasetQualityLog-unknown': get(`datasets/${NOTHING}/imagesDataQualityLog/`),
  getDatasetQualityLogFile: get('datasets/{id}/imagesDataQualityLog/file/'),
  'getDatasetQualityLogFile-unknown': get(`datasets/${NOTHING}/imagesDataQualityLog/file/`),
  listDatasetFindings: get('datasets/{id}/findings/'),
  deleteDataset: { method: 'DELETE', path: 'datasets/{id}/' },
  'deleteDataset-again': { method: 'DELETE', path: 'datasets/{id}/' },
};

let client: DatasetsClient;
let exchanges: DatarobotExchanges;
let failed: Reply;
beforeAll(async () => {
  client = new DatasetsClient(system, await createKey(system, { name: 'golden' }));
  const [cat, dog] = await Promise.all([patterned(1), patterned(2)]);
  const files = { 'cats/1.jpg': cat, 'cats/2.jpg': cat, 'dogs/1.jpg': dog, 'dogs/2.jpg': dog.subarray(0, 900) };
  const texts = { 'dogs/3.png': 'text', 'dogs/4.jpg': '', 'notes.txt': 'text' };
  const { datasetId } = await client.create(archive({ ...files, ...texts }));
  exchanges = new DatarobotExchanges(client, 'datarobot', { dataset: datasetId });
  const uploaded = await client.upload(filePart(archive({ 'notes.txt': 'text' })));
  failed = await client.wait(uploaded.headers.location ?? '');
});
afterAll(() => expect(exchanges.unused()).toEqual([]));

it.each(Object.entries(EXCHANGES))('%s is asked and answered as it was before', async (name, exchange) => {
  const answer = await exchanges.compare(name, exchange);
  if (name === 'createDatasetFromFile')
    exchanges.compareStatus('getStatus-of-an-import', await client.wait(answer.headers.location ?? ''));
});

it('the status of an import that failed is answered as it was before', () => {
  exchanges.compareStatus('getStatus-of-a-failed-import', failed);
});
