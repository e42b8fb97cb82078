import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  iterationContracts,
  predictionContracts,
  projectContracts,
  tagContracts,
  trainingImageContracts,
  trainingIngestContracts,
} from '@pentaprism/contracts';
import {
  form,
  I,
  ITER,
  ITERATION,
  ITERATION_RECORD,
  P,
  PERFORMANCE_RECORD,
  PREDICTION_RECORD,
  PROJECT_RECORD,
  TAG,
  TestApi,
  trainingImage,
} from './custom-vision.fixture.js';
import { VERSIONS, type Version } from './wire/versions.js';

/**
 * What each version of the original writes, from traffic with the service that the .NET SDK's tests recorded (v3.0 of March
 * 2019 to v3.4-preview of November 2020). Members that no recording shows are those of the published definitions of the
 * version (v1.2, v2.0 to v2.2, image performances).
 */
const words = (text: string) => text.split(' ');
type Members = Readonly<Record<string, readonly string[]>>;

const IMAGE_OF = (uris: string) => words(`id created width height ${uris}`);
const MODELS: Readonly<Record<string, Partial<Record<Version, readonly string[]>>>> = {
  Domain: {
    '2.0': words('id name type exportable enabled'),
    '3.4': words('id name type exportable enabled exportablePlatforms modelInformation'),
  },
  Project: {
    '2.0': words('id name description settings created lastModified thumbnailUri'),
    '3.0': words('id name description settings created lastModified thumbnailUri drModeEnabled'),
    '3.2': words('id name description settings created lastModified thumbnailUri drModeEnabled status'),
  },
  ProjectSettings: {
    '2.0': words('domainId'),
    '2.1': words('domainId classificationType'),
    '3.0': words('domainId classificationType targetExportPlatforms useNegativeSet detectionParameters'),
    '3.1': words(
      'domainId classificationType targetExportPlatforms useNegativeSet detectionParameters imageProcessingSettings',
    ),
  },
  Tag: {
    '2.0': words('id name description imageCount'),
    '2.2': words('id name description type imageCount'),
  },
  'Image without tags': {
    '2.0': IMAGE_OF('imageUri thumbnailUri'),
    '2.2': IMAGE_OF('resizedImageUri thumbnailUri originalImageUri'),
  },
  'Image with tags': {
    '2.0': IMAGE_OF('imageUri thumbnailUri tags'),
    '2.2': IMAGE_OF('resizedImageUri thumbnailUri originalImageUri tags'),
  },
  ImageTag: { '2.0': words('tagId tagName created') },
  ImageCreateSummary: { '2.0': words('isBatchSuccessful images') },
  ImageCreateResult: { '2.0': words('sourceUrl status image') },
  'Iteration in training': {
    '2.0': words('id name isDefault status created lastModified projectId exportable domainId'),
    '2.2': words('id name isDefault status created lastModified projectId exportable domainId classificationType'),
    '3.0': words(
      'id name status created lastModified projectId exportable exportableTo domainId classificationType ' +
        'trainingType reservedBudgetInHours publishName originalPublishResourceId',
    ),
    '3.1': words(
      'id name status created lastModified projectId exportable exportableTo domainId classificationType ' +
        'trainingType reservedBudgetInHours trainingTimeInMinutes publishName originalPublishResourceId',
    ),
    '3.4': words(
      'id name status created lastModified projectId exportable exportableTo domainId classificationType ' +
        'trainingType reservedBudgetInHours trainingTimeInMinutes publishName originalPublishResourceId ' +
        'customBaseModelInfo trainingErrorDetails',
    ),
  },
  IterationPerformance: {
    '2.0': words('perTagPerformance precision precisionStdDeviation recall recallStdDeviation averagePrecision'),
  },
  TagPerformance: {
    '2.0': words('id name precision precisionStdDeviation recall recallStdDeviation averagePrecision'),
  },
  'ImagePerformance without tags': { '2.0': words('predictions id created width height imageUri thumbnailUri') },
  'ImagePerformance with tags': { '2.0': words('predictions id created width height imageUri thumbnailUri tags') },
  ImagePrediction: { '2.0': words('id project iteration created predictions') },
  Prediction: {
    '2.0': words('probability tagId tagName'),
    '3.3': words('probability tagId tagName tagType'),
  },
  PredictionQueryToken: {
    '2.0': words('session continuation maxCount orderBy tags iterationId startTime endTime application'),
  },
  StoredImagePrediction: {
    '2.0': words('imageUri thumbnailUri domain id project iteration created predictions'),
    '2.2': words('resizedImageUri thumbnailUri originalImageUri domain id project iteration created predictions'),
  },
};

/** Members that are written as null, in every version that has them. */
const NULLS: Members = {
  Project: ['thumbnailUri'],
  ProjectSettings: ['detectionParameters'],
  Tag: ['description'],
  'Iteration in training': ['publishName', 'originalPublishResourceId', 'customBaseModelInfo', 'trainingErrorDetails'],
  PredictionQueryToken: ['session', 'continuation', 'tags', 'iterationId', 'startTime', 'endTime', 'application'],
};
/** Members of domains that nothing is exported from. */
const NULLS_OF_A_DOMAIN = ['modelInformation'];

/** The first version that answers 207 for a batch of which something was not taken. */
const MULTI_STATUS: Version = '3.3';

/** The members of the newest entry that is not newer than the version. */
function membersOf(model: string, version: Version): readonly string[] {
  const entries = MODELS[model] ?? {};
  const known = VERSIONS.slice(0, VERSIONS.indexOf(version) + 1).filter((each) => each in entries);
  return entries[known.at(-1) as Version] ?? [];
}

type Json = Readonly<Record<string, unknown>>;

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.close());

const untagged = { ...trainingImage(), tags: [] };

beforeEach(() => {
  api.reset();
  const training = { ...PROJECT_RECORD.training, domain: 'food' };
  api.answer(projectContracts.get, () => ({ ...PROJECT_RECORD, training }));
  api.answer(tagContracts.create, () => ({ id: TAG, number: 1, name: 'a', description: '', type: 'regular' }));
  api.answer(trainingImageContracts.list, ({ tagging }: { tagging: string }) => ({
    images: [tagging === 'untagged' ? untagged : trainingImage()],
    end: true,
  }));
  const inTraining = { ...ITERATION_RECORD, status: 'training', trainedAt: null };
  api.answer(iterationContracts.train, () => inTraining);
  api.answer(iterationContracts.get, () => ITERATION_RECORD);
  api.answer(iterationContracts.performance, () => PERFORMANCE_RECORD);
  api.answer(iterationContracts.imagePerformances, () => ({
    images: [trainingImage(), untagged].map((image) => ({ ...image, predictions: PREDICTION_RECORD.tags })),
    end: true,
    total: 2,
  }));
  api.answer(predictionContracts.predict, () => PREDICTION_RECORD);
  api.answer(predictionContracts.query, () => ({
    predictions: [{ ...PREDICTION_RECORD, image: trainingImage(), content: trainingImage().original, domain: 'food' }],
    continuation: null,
  }));
  api.answer(trainingIngestContracts.addImages, () => ({
    results: [
      { status: 'added', image: trainingImage() },
      { status: 'undecodable', image: null },
    ],
  }));
});

const addressOf = (version: Version) =>
  version.startsWith('2') ? `/customvision/v${version}/Training` : `/customvision/v${version}/training`;
const projectOf = (version: Version) => `${addressOf(version)}/projects/${P}`;

/** One answer of each model, in a version. */
async function answersOf(version: Version): Promise<Readonly<Record<string, Json>>> {
  const url = projectOf(version);
  const get = async (path: string) => (await api.json('GET', path)).body as unknown;
  const post = async (path: string, body: object = {}) => (await api.json('POST', path, body)).body as unknown;
  const first = (list: unknown) => (list as Json[])[0] as Json;
  const project = (await get(url)) as Json;
  const tagged = first(await get(`${url}/images/tagged`));
  const summary = (await post(`${url}/images/urls`, { images: [{ url: 'http://a/b' }, { url: 'x' }] })) as Json;
  const performance = (await get(`${url}/iterations/${ITER}/performance?threshold=0.5`)) as Json;
  const [withTags, withoutTags] = (await get(`${url}/iterations/${ITER}/performance/images`)) as [Json, Json];
  const quickTest = (await post(`${url}/quicktest/url`, { url: 'http://a/b' })) as Json;
  const stored = (await post(`${url}/predictions/query`, { maxCount: 0, orderBy: 'Newest' })) as Json;
  return {
    Domain: first(await get(`${addressOf(version)}/domains`)),
    Project: project,
    ProjectSettings: project['settings'] as Json,
    Tag: (await post(`${url}/tags?name=a`)) as Json,
    'Image without tags': first(await get(`${url}/images/untagged`)),
    'Image with tags': tagged,
    ImageTag: first(tagged['tags']),
    ImageCreateSummary: summary,
    ImageCreateResult: first(summary['images']),
    'Iteration in training': (await post(`${url}/train`)) as Json,
    IterationPerformance: performance,
    TagPerformance: first(performance['perTagPerformance']),
    'ImagePerformance with tags': withTags,
    'ImagePerformance without tags': withoutTags,
    ImagePrediction: quickTest,
    Prediction: first(quickTest['predictions']),
    PredictionQueryToken: stored['token'] as Json,
    StoredImagePrediction: first(stored['results']),
  };
}

describe.each(VERSIONS)('v%s', (version) => {
  it('writes the members that the original writes, and no others', async () => {
    const answers = await answersOf(version);
    expect(Object.keys(answers).sort()).toEqual(Object.keys(MODELS).sort());
    for (const [model, answer] of Object.entries(answers)) {
      const expected = membersOf(model, version);
      expect([model, Object.keys(answer).sort()]).toEqual([model, [...expected].sort()]);
      const nulls = Object.keys(answer).filter((name) => answer[name] === null);
      const known = model === 'Domain' ? NULLS_OF_A_DOMAIN : (NULLS[model] ?? []);
      expect([model, nulls.sort()]).toEqual([model, known.filter((name) => expected.includes(name)).sort()]);
    }
  });

  it('adds the time of the training once there is one', async () => {
    const iteration = (await api.json('GET', `${projectOf(version)}/iterations/${ITER}`)).body as unknown as Json;
    const expected = [...membersOf('Iteration in training', version), 'trainedAt'];
    expect(Object.keys(iteration).sort()).toEqual(expected.sort());
  });

  it('answers a batch of which something was not taken with its own status', async () => {
    const status = VERSIONS.indexOf(version) < VERSIONS.indexOf(MULTI_STATUS) ? 200 : 207;
    const url = `${projectOf(version)}/images`;
    const files = { images: [{ contents: 'AAAA' }, { contents: '!' }] };
    const urls = { images: [{ url: 'http://a/b' }, { url: 'x' }] };
    expect((await api.json('POST', `${url}/files`, files)).status).toBe(status);
    expect((await api.json('POST', `${url}/urls`, urls)).status).toBe(status);
    expect((await api.json('POST', `${url}/predictions`, { images: [{ id: I }, { id: I }] })).status).toBe(status);
    expect((await api.send('POST', url, form([{ body: 'x' }, { body: 'y' }]))).status).toBe(status);
  });
});

it.each([
  ['v3.0', false],
  ['v3.1', true],
])('prediction %s tells types of tags: %s', async (version, told) => {
  const url = `/customvision/${version}/Prediction/${P}/classify/iterations/a/image`;
  const { predictions } = JSON.parse((await api.send('POST', url, form([{ body: 'x' }]))).text) as {
    predictions: Json[];
  };
  expect(Object.keys(predictions[0] ?? {})).toEqual(told ? words('probability tagId tagName tagType') : words('probability tagId tagName')); // prettier-ignore
});

it.each(['v2.0', 'v2.1', 'v2.2'])('prediction %s goes by an iteration, or by the default one', async (version) => {
  const url = `/customvision/${version}/Prediction/${P}`;
  const answer = await api.send('POST', `${url}/image?iterationId=${ITER}`, form([{ body: 'x' }]));
  expect(Object.keys((JSON.parse(answer.text) as { predictions: Json[] }).predictions[0] ?? {})).toEqual(
    words('probability tagId tagName'),
  );
  expect((await api.json('POST', `${url}/url/nostore`, { url: 'http://a/b' })).status).toBe(200);
  expect(api.requestsTo(predictionContracts.predict)).toMatchObject([
    { iteration: { id: ITERATION }, store: true },
    { iteration: null, store: false },
  ]);
});

it.each(['v1.0/Training', 'v1.1/Training', 'v1.2/Training'])('%s is the Training API in Pascal case', async (path) => {
  const url = `/customvision/${path}/projects/${P}`;
  const [tagged] = (await api.json('GET', `${url}/images/tagged`)).body as unknown as Json[];
  expect(Object.keys(tagged ?? {})).toEqual(words('Id Created Width Height ImageUri ThumbnailUri Tags'));
  const [bare] = (await api.json('GET', `${url}/images/untagged`)).body as unknown as Json[];
  expect(Object.keys(bare ?? {})).toEqual(words('Id Created Width Height ImageUri ThumbnailUri'));
  const iteration = (await api.json('POST', `${url}/train`)).body as unknown as Json;
  expect(Object.keys(iteration)).toEqual(
    words('Id Name IsDefault Status Created LastModified ProjectId Exportable DomainId'),
  );
});

it('v2 publishes an iteration by making it the default one, v3 does not', async () => {
  api.answer(iterationContracts.update, () => ITERATION_RECORD);
  const body = { name: 'a', isDefault: true };
  for (const version of ['2.0', '3.0'] as const)
    expect((await api.json('PATCH', `${projectOf(version)}/iterations/${ITER}`, body)).status).toBe(200);
  const [first, second] = api.requestsTo(iterationContracts.update);
  expect(first).toMatchObject({ name: 'a', isDefault: true });
  expect(second).not.toHaveProperty('isDefault');
});
