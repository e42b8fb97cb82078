import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { archive, DatasetsClient, fieldPart, filePart, patterned, type Reply } from './support/datasets.js';
import { form, type Part } from './support/filters.js';
import { exchangeText, GoldenFolder } from './support/golden.js';
import { createKey, sharedSystem } from './support/stack.js';

/** Every operation on datasets with its refusals, as they go over the wire. */
const system = sharedSystem();
const golden = new GoldenFolder('datarobot');
const NOTHING = 'f'.repeat(24);

interface Exchange {
  readonly method: string;
  /** `{id}` stands for the dataset. */
  readonly path: string;
  readonly parts?: readonly Part[];
  readonly json?: unknown;
}

const csv = filePart('a,b\n1,2\n', 'table.csv');
const get = (path: string): Exchange => ({ method: 'GET', path });
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
let datasetId = '';
let failed: Reply;
beforeAll(async () => {
  client = new DatasetsClient(system, await createKey(system, { name: 'golden' }));
  const [cat, dog] = await Promise.all([patterned(1), patterned(2)]);
  const files = { 'cats/1.jpg': cat, 'cats/2.jpg': cat, 'dogs/1.jpg': dog, 'dogs/2.jpg': dog.subarray(0, 900) };
  const texts = { 'dogs/3.png': 'text', 'dogs/4.jpg': '', 'notes.txt': 'text' };
  ({ datasetId } = await client.create(archive({ ...files, ...texts })));
  const uploaded = await client.upload(filePart(archive({ 'notes.txt': 'text' })));
  failed = await client.wait(uploaded.headers.location ?? '');
});
afterAll(() => expect(golden.unused()).toEqual([]));

/** Replaces what differs from run to run. */
function normalised(text: string): string {
  return text
    .replaceAll(client.base, 'http://localhost/api/v2')
    .replaceAll(datasetId, '<dataset>')
    .replace(/(?<![0-9a-f])(?!f{24})[0-9a-f]{24}(?![0-9a-f])/g, '<id>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>');
}

function textOf(title: string, { parts = [], json }: Partial<Exchange>, answer: Reply): string {
  const lines = parts.map(({ headers, body }) => `(${headers.join()}, ${body.length} bytes)`);
  const body = json === undefined ? lines.join('\n') : JSON.stringify(json);
  const shown = ['location', 'content-disposition'].flatMap((name) =>
    answer.headers[name] === undefined ? [] : [`${name}: ${String(answer.headers[name])}`],
  );
  return normalised([exchangeText({ title, headers: [], body }, answer), ...shown].join('\n\n'));
}

it.each(Object.entries(EXCHANGES))('%s is asked and answered as it was before', async (name, exchange) => {
  const { method, path, parts, json } = exchange;
  const url = path.replace('{id}', datasetId);
  const answer = await client.ask(method, url, {
    ...(parts ? form(parts) : {}),
    ...(json === undefined ? {} : { json }),
  });
  if (name === 'createDatasetFromFile') {
    const ended = await client.wait(answer.headers.location ?? '');
    golden.compare('getStatus-of-an-import.http', textOf('GET status/<id>/', {}, ended));
  }
  golden.compare(`${name}.http`, textOf(`${method} ${path}`, exchange, answer));
});

it('the status of an import that failed is answered as it was before', () => {
  golden.compare('getStatus-of-a-failed-import.http', textOf('GET status/<id>/', {}, failed));
});
