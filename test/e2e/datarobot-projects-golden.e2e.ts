import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DatarobotExchanges, get, type Exchange } from './support/datarobot-exchanges.js';
import { archive, DatasetsClient, fieldPart, filePart, patterned } from './support/datasets.js';
import { form } from './support/filters.js';
import { createKey, sharedSystem } from './support/stack.js';

/** Every operation on projects with its refusals, as they go over the wire. */
const system = sharedSystem();
const NOTHING = 'f'.repeat(24);

const patch = (json: unknown, path = 'projects/{id}/'): Exchange => ({ method: 'PATCH', path, json });
const post = (json: unknown): Exchange => ({ method: 'POST', path: 'projects/', json });
const AIM = 'projects/{id}/aim/';

/** By the name of the file, in this order. */
const EXCHANGES: Readonly<Record<string, Exchange>> = {
  'createProject-without-file': { method: 'POST', path: 'projects/', parts: [fieldPart('projectName', 'x')] },
  'createProject-without-source': post({ projectName: 'x' }),
  'createProject-unknown-dataset': post({ datasetId: NOTHING }),
  'createProject-inner-address': post({ url: 'http://10.0.0.1/pets.zip' }),
  getProject: get('projects/{id}/'),
  'getProject-unknown': get(`projects/${NOTHING}/`),
  listProjects: get('projects/?projectName=PETS'),
  getProjectOptions: get('projects/{id}/options/'),
  getProjectStatus: get('projects/{id}/status/'),
  listFeatures: get('projects/{id}/features/'),
  getFeature: get('projects/{id}/features/class/'),
  'getFeature-unknown': get('projects/{id}/features/nothing/'),
  getFeatureMetrics: get('projects/{id}/features/metrics/?featureName=class'),
  listFeaturelists: get('projects/{id}/featurelists/'),
  listImageSamples: get('projects/{id}/imageSamples/?featureName=image&limit=1'),
  'listImageSamples-unknown-column': get('projects/{id}/imageSamples/?featureName=class'),
  listDuplicateImages: get('projects/{id}/duplicateImages/image/'),
  'listDuplicateImages-unknown-column': get('projects/{id}/duplicateImages/class/'),
  'listNearDuplicates-unknown-column': get('projects/{id}/nearDuplicates/?column=class'),
  'listNearDuplicates-threshold': get('projects/{id}/nearDuplicates/?threshold=13'),
  'listNearDuplicates-unknown': get(`projects/${NOTHING}/nearDuplicates/`),
  'listSimilarImages-unknown-image': get(`projects/{id}/images/${NOTHING}/similar/`),
  'searchSimilarImages-without-file': {
    method: 'POST',
    path: 'projects/{id}/similarImages/',
    parts: [fieldPart('note', 'x')],
  },
  'searchSimilarImages-no-picture': {
    method: 'POST',
    path: 'projects/{id}/similarImages/',
    parts: [filePart('no picture', 'text.txt')],
  },
  listProjectQualityLog: get('projects/{id}/imagesDataQualityLog/'),
  getProjectQualityLogFile: get('projects/{id}/imagesDataQualityLog/file/'),
  listProjectFindings: get('projects/{id}/findings/'),
  'listImages-without-target': get('projects/{id}/images/?column=image'),
  'listImageBins-without-target': get('projects/{id}/imageBins/?featureName=image'),
  'setTarget-unknown': patch({ target: 'nothing', mode: 'quick' }, AIM),
  'setTarget-of-images': patch({ target: 'image', mode: 'quick' }, AIM),
  'setTarget-wrong-metric': patch({ target: 'class', metric: 'RMSE' }, AIM),
  setTarget: patch({ target: 'class', mode: 'manual' }, AIM),
  'setTarget-again': patch({ target: 'class', mode: 'manual' }, AIM),
  'getProject-with-target': get('projects/{id}/'),
  listImages: get('projects/{id}/images/?column=image&targetValue=cats&limit=1'),
  'listImages-one-edge': get('projects/{id}/images/?targetBinStart=0'),
  'listImages-value-and-bin': get('projects/{id}/images/?targetValue=cats&targetBinStart=0&targetBinEnd=1'),
  'listImages-bin-of-classes': get('projects/{id}/images/?targetBinStart=0&targetBinEnd=1'),
  listImageBins: get('projects/{id}/imageBins/?featureName=image'),
  'listImageBins-without-column': get('projects/{id}/imageBins/'),
  updateProject: patch({ projectName: 'Pets', projectDescription: 'cats and dogs' }),
  'updateProject-blank-name': patch({ projectName: ' ' }),
  'updateProject-locked-again': patch({ holdoutUnlocked: false }),
  deleteProject: { method: 'DELETE', path: 'projects/{id}/' },
  'deleteProject-again': { method: 'DELETE', path: 'projects/{id}/' },
};

let client: DatasetsClient;
let exchanges: DatarobotExchanges;
beforeAll(async () => {
  client = new DatasetsClient(system, await createKey(system, { name: 'golden projects' }));
  const [cat, tom, dog] = await Promise.all([1, 2, 3].map((n) => patterned(n)));
  const files = { 'cats/1.jpg': cat, 'cats/2.jpg': cat, 'cats/3.jpg': tom, 'dogs/1.jpg': dog, 'dogs/2.png': 'text' };
  const parts = [
    fieldPart('projectName', 'pets'),
    filePart(archive(files as Record<string, Buffer | string>), 'pets.zip'),
  ];
  const { headers, body } = await client.ask('POST', 'projects/', form(parts));
  const ended = await client.wait(headers.location ?? '');
  expect(ended.status).toBe(303);
  exchanges = new DatarobotExchanges(client, 'datarobot-projects', { project: body.pid, dataset: body.catalogId });
});
afterAll(() => expect(exchanges.unused()).toEqual([]));

it.each(Object.entries(EXCHANGES))('%s is asked and answered as it was before', async (name, exchange) => {
  const answer = await exchanges.compare(name, exchange);
  if (name === 'setTarget')
    exchanges.compareStatus('getStatus-of-a-target', await client.wait(answer.headers.location ?? ''));
});
