import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  contentContracts,
  iterationContracts,
  predictionContracts,
  projectContracts,
  tagContracts,
  trainingImageContracts,
} from '@pentaprism/contracts';
import { DomainError, toUuid } from '@pentaprism/domain';
import {
  apiOfSuite,
  FOREIGN,
  form,
  ITER,
  ITERATION_RECORD,
  P,
  PERFORMANCE_RECORD,
  PREDICTION,
  PREDICTION_RECORD,
  PROJECT,
  PROJECT_RECORD,
  T,
  TAG,
  trainingImage,
  V1,
  V3,
} from './custom-vision.fixture.js';

const api = apiOfSuite();

describe('projects, tags and iterations', () => {
  it.each([
    ['POST', '/customvision/v1.2/training/projects?name=', 'BadRequestProjectName'],
    ['POST', `${V3}/tags?name=`, 'BadRequestTagName'],
    ['POST', `${V3}/iterations/${ITER}/publish?predictionId=p&publishName=`, 'BadRequestInvalidPublishName'],
    ['PATCH', V3, 'BadRequestProjectName'],
    ['PATCH', `${V3}/tags/${T}`, 'BadRequestTagName'],
    ['PATCH', `${V3}/iterations/${ITER}`, 'BadRequestIterationName'],
  ])('%s %s takes no name that XML cannot hold', async (method, url, code) => {
    api.answer(projectContracts.get, () => PROJECT_RECORD);
    for (const name of [
      'a\0b',
      'a\u0001',
      '\u001b[31m',
      'a\nb',
      'tab\t',
      '\u007f',
      '\u0085',
      'a\uffff',
      ' ',
      'n'.repeat(201),
    ]) {
      const answer =
        method === 'POST'
          ? await api.json('POST', `${url}${encodeURIComponent(name)}`)
          : await api.json('PATCH', url, { name });
      expect([name, answer.status, Object.values(answer.body ?? {})[0]]).toEqual([name, 400, code]);
    }
    expect(api.calls.filter(({ subject }) => subject !== projectContracts.get.subject)).toEqual([]);
  });

  it('takes a name of 128 characters for a project, and no longer one', async () => {
    const longest = 'n'.repeat(128);
    api.answer(projectContracts.create, () => PROJECT_RECORD);
    api.answer(projectContracts.update, () => PROJECT_RECORD);
    api.answer(projectContracts.get, () => PROJECT_RECORD);
    const projects = V3.slice(0, V3.lastIndexOf('/'));
    const statuses = [];
    for (const name of [longest, `${longest}n`]) {
      statuses.push((await api.json('POST', `${projects}?name=${name}`)).status);
      statuses.push((await api.json('PATCH', V3, { name })).status);
    }
    expect(statuses).toEqual([200, 200, 400, 400]);
    expect(api.requestsTo(projectContracts.update)).toMatchObject([{ name: longest }]);
  });

  it.each(['n'.repeat(255), 'a\nb'])('changes a project that sends back the name %j of another API', async (name) => {
    api.answer(projectContracts.get, () => ({ ...PROJECT_RECORD, name, uniqueName: name }));
    api.answer(projectContracts.update, () => PROJECT_RECORD);
    expect((await api.json('PATCH', V3, { name, description: 'x' })).status).toBe(200);
    expect(api.requestsTo(projectContracts.update)).toEqual([
      { id: PROJECT, sameName: 'refuse', description: 'x', training: {} },
    ]);
  });

  it('creates a project of JSON that is empty', async () => {
    api.answer(projectContracts.create, () => PROJECT_RECORD);
    const answer = await api.json(
      'POST',
      `/customvision/v1.2/training/projects?name=p&domainId=0732100f-1a38-4e49-a514-c9b44c697ab5`,
    );
    expect(answer.body).toEqual({
      Id: P,
      Name: 'p',
      Description: '',
      Settings: {
        DomainId: '0732100f-1a38-4e49-a514-c9b44c697ab5',
        Classification: 'MultiLabel',
        UseNegativeSet: true,
      },
      CurrentIterationId: toUuid(PROJECT, 1),
      Created: '1970-01-01T00:00:00.000Z',
      LastModified: '1970-01-01T00:00:00.000Z',
      ThumbnailUri: null,
    });
    expect(api.requestsTo(projectContracts.create)).toMatchObject([
      { name: 'p', description: '', training: { domain: 'general-compact', classificationType: 'multilabel' } },
    ]);
  });

  it.each([
    ['', 400, 'BadRequestRequiredParamIsNull'],
    ['?name=', 400, 'BadRequestProjectName'],
    [`?name=${'x'.repeat(129)}`, 400, 'BadRequestProjectName'],
    [`?name=p&domainId=${FOREIGN}`, 404, 'NotFoundDomain'],
    ['?name=p&domainId=x', 400, 'BadRequestInvalidIds'],
    ['?name=p&classificationType=Any', 400, 'BadRequestProjectUnknownClassification'],
  ])('refuses to create a project with %s', async (query, status, code) => {
    const answer = await api.json('POST', `/customvision/v3.3/training/projects${query}`);
    expect([answer.status, answer.body]).toMatchObject([status, { code }]);
  });

  it('shows unique names of projects, because other APIs allow equal names', async () => {
    const project = { ...PROJECT_RECORD, name: 'photos', uniqueName: 'photos (2)' };
    api.answer(projectContracts.get, () => project);
    api.answer(projectContracts.create, () => project);
    api.answer(projectContracts.update, () => project);
    api.answer(projectContracts.list, () => ({ projects: [project], total: 1 }));
    const projects = V3.slice(0, V3.lastIndexOf('/'));
    expect((await api.json('GET', projects)).body).toMatchObject([{ name: 'photos (2)' }]);
    expect((await api.json('GET', V3)).body).toMatchObject({ name: 'photos (2)' });
    expect((await api.json('GET', V1)).body).toMatchObject({ Name: 'photos (2)' });
    expect((await api.json('POST', `${projects}?name=photos`)).body).toMatchObject({ name: 'photos (2)' });
    expect((await api.json('PATCH', V3, { description: 'x' })).body).toMatchObject({ name: 'photos (2)' });
  });

  it('leaves what a PATCH does not name', async () => {
    api.answer(projectContracts.update, () => PROJECT_RECORD);
    await api.json('PATCH', V3, { description: '', name: null, settings: { classificationType: 'Multiclass' } });
    expect(api.requestsTo(projectContracts.update)).toEqual([
      { id: PROJECT, sameName: 'refuse', description: '', training: { classificationType: 'multiclass' } },
    ]);
  });

  it('shows tags as a list and as an object', async () => {
    api.answer(trainingImageContracts.countByTag, () => ({ tagged: 3, untagged: 1, tags: [{ tagId: TAG, count: 3 }] }));
    const tag = { id: TAG, number: 1, name: 'a', description: '', type: 'negative' };
    api.answer(tagContracts.list, () => ({ tags: [tag], total: 1 }));
    expect((await api.json('GET', `${V3}/tags`)).body).toEqual([
      { id: T, name: 'a', description: null, type: 'Negative', imageCount: 3 },
    ]);
    expect((await api.json('GET', `${V1}/tags`)).body).toEqual({
      Tags: [{ Id: T, Name: 'a', Description: '', ImageCount: 3 }],
      TotalTaggedImages: 3,
      TotalUntaggedImages: 1,
    });
  });

  it.each([
    [
      'FAILED_PRECONDITION unchanged',
      new DomainError('FAILED_PRECONDITION', 'x', { reason: 'unchanged' }),
      'BadRequestTrainingNotNeeded',
      'Nothing changed since last training',
    ],
    [
      'INVALID_ARGUMENT too-few-images',
      new DomainError('INVALID_ARGUMENT', 'x', { reason: 'too-few-images' }),
      'BadRequestTrainingValidationFailed',
      'Not enough images for training',
    ],
    [
      'INVALID_ARGUMENT too-large',
      new DomainError('INVALID_ARGUMENT', 'x', { reason: 'too-large' }),
      'BadRequestTrainingValidationFailed',
      'x',
    ],
    [
      'INVALID_ARGUMENT several-tags',
      new DomainError('INVALID_ARGUMENT', 'x', { reason: 'several-tags' }),
      'BadRequestMultiClassClassificationTrainingValidationFailed',
      'x',
    ],
    ['CONFLICT', new DomainError('CONFLICT', 'x'), 'BadRequestTrainingAlreadyInProgress', 'x'],
  ])('says why there is no training: %s', async (_what, error, code, message) => {
    api.fail(iterationContracts.train, error);
    const answer = await api.json('POST', `${V3}/train?forceTrain=false&reservedBudgetInHours=0`);
    expect([answer.status, answer.body]).toEqual([400, { code, message }]);
  });

  it('publishes with a bare true', async () => {
    api.answer(iterationContracts.publish, () => ITERATION_RECORD);
    const answer = await api.send('POST', `${V3}/iterations/${ITER}/publish?publishName=model%201&predictionId=r`);
    expect([answer.status, answer.text]).toEqual([200, 'true']);
    expect(api.requestsTo(iterationContracts.publish)).toMatchObject([
      { name: 'model 1', target: 'r', overwrite: false },
    ]);
    const missing = await api.json('POST', `${V3}/iterations/${ITER}/publish?publishName=a`);
    expect(missing.body).toMatchObject({ code: 'BadRequestRequiredParamIsNull' });
  });

  it('needs a threshold in v1.2 only', async () => {
    api.answer(iterationContracts.performance, () => PERFORMANCE_RECORD);
    expect((await api.json('GET', `${V1}/iterations/${ITER}/performance`)).body).toMatchObject({
      Code: 'BadRequestRequiredParamIsNull',
    });
    expect((await api.json('GET', `${V1}/iterations/${ITER}/performance?threshold=0.9`)).body).toMatchObject({
      Recall: 0.5,
      PerTagPerformance: [{ Id: T, Name: 'a', PrecisionStdDeviation: 0 }],
    });
    expect((await api.json('GET', `${V3}/iterations/${ITER}/performance`)).body).toMatchObject({ averagePrecision: 1 });
    expect(api.requestsTo(iterationContracts.performance)).toMatchObject([{ threshold: 0.9 }, { threshold: 0.5 }]);
  });

  it('tells a project that does not exist from a thing in it that does not', async () => {
    expect((await api.json('GET', `${V3}/tags/${T}`)).body).toMatchObject({ code: 'NotFoundTag' });
    api.fail(projectContracts.resolve, new DomainError('NOT_FOUND', 'no'));
    expect((await api.json('GET', `${V3}/tags/${T}`)).body).toMatchObject({ code: 'NotFoundProject' });
    expect((await api.json('GET', `${V3}/iterations/${ITER}`)).body).toMatchObject({ code: 'NotFoundProject' });
    expect((await api.json('GET', V3)).body).toMatchObject({ code: 'NotFoundProject' });
    expect((await api.json('GET', `/customvision/v3.4/training/projects/${FOREIGN}/tags`)).body).toMatchObject({
      code: 'NotFoundProject',
    });
    expect((await api.json('GET', '/customvision/v3.4/training/projects/x/tags')).body).toMatchObject({
      code: 'BadRequestInvalidIds',
    });
  });
});

describe('predictions', () => {
  const CLASSIFY = `/customvision/v3.1/prediction/${P}/classify/iterations/Tags%20A/image`;
  beforeEach(() => api.answer(predictionContracts.predict, () => PREDICTION_RECORD));

  it('by a published name, whatever it is called', async () => {
    const answer = await api.send(
      'POST',
      `${CLASSIFY.replace('iterations', 'Iterations')}?application=x`,
      form([{ body: 'x' }]),
    );
    expect(JSON.parse(answer.text)).toEqual({
      id: toUuid(PREDICTION),
      project: P,
      iteration: ITER,
      created: '1970-01-01T00:00:00.000Z',
      predictions: [{ probability: 1, tagId: T, tagName: 'a', tagType: 'Regular' }],
    });
    expect(api.requestsTo(predictionContracts.predict)).toMatchObject([
      { iteration: { publishName: 'Tags A' }, store: true, application: 'x', orNewest: false, maxBytes: 4 * 1024 ** 2 },
    ]);
  });

  it('in v1.1 by the default iteration', async () => {
    const body = { headers: { 'content-type': 'text/xml' }, body: '<ImageUrl><Url>http://a/b</Url></ImageUrl>' };
    const answer = await api.send('POST', `/customvision/v1.1/prediction/${P}/url/nostore`, body);
    expect(JSON.parse(answer.text)).toMatchObject({ Predictions: [{ TagId: T, Tag: 'a', Probability: 1 }] });
    expect(api.requestsTo(predictionContracts.predict)).toMatchObject([
      { iteration: null, store: false, source: { kind: 'url', url: 'http://a/b' } },
    ]);
  });

  it.each([
    [
      'NOT_FOUND no-default',
      new DomainError('NOT_FOUND', 'x', { reason: 'no-default' }),
      404,
      'NotFoundProjectDefaultIteration',
    ],
    ['NOT_FOUND', new DomainError('NOT_FOUND', 'x'), 404, 'NotFoundIteration'],
    ['UNDECODABLE_IMAGE', new DomainError('UNDECODABLE_IMAGE', 'x'), 400, 'BadRequestImageFormat'],
    ['PAYLOAD_TOO_LARGE', new DomainError('PAYLOAD_TOO_LARGE', 'x'), 400, 'BadRequestImageSizeBytes'],
    ['INVALID_ARGUMENT', new DomainError('INVALID_ARGUMENT', 'x'), 400, 'BadRequestImageUrl'],
    ['RATE_LIMITED', new DomainError('RATE_LIMITED', 'x'), 429, 'TooManyRequests'],
  ])('%s', async (_what, error, status, code) => {
    api.fail(predictionContracts.predict, error);
    const answer = await api.send('POST', CLASSIFY, form([{ body: 'x' }]));
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([status, { code }]);
    expect(api.requestsTo(contentContracts.discard)).toHaveLength(1);
  });

  it('refuses 4 MB and a byte with a 400', async () => {
    const answer = await api.send('POST', CLASSIFY, form([{ body: Buffer.alloc(4 * 1024 ** 2 + 1) }]));
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([400, { code: 'BadRequestImageSizeBytes' }]);
  });

  it('of the past, page by page', async () => {
    api.answer(predictionContracts.query, () => ({
      predictions: [
        { ...PREDICTION_RECORD, image: trainingImage(), content: trainingImage().original, domain: 'food' },
      ],
      continuation: 'next',
    }));
    const token = {
      OrderBy: 'Oldest',
      MaxCount: 1,
      Tags: [{ Id: T, MinThreshold: 0.5, MaxThreshold: 0 }],
      StartTime: '2026-01-01T00:00:00Z',
    };
    const answer = await api.json('POST', `${V1}/predictions/query`, token);
    expect(answer.body).toMatchObject({
      Results: [{ Id: toUuid(PREDICTION), ThumbnailUri: 'http://files.example/w/thumbnails/22222222' }],
      Token: { Continuation: 'next', MaxCount: 1, OrderBy: 'Oldest', StartTime: '2026-01-01T00:00:00.000Z' },
    });
    expect(api.requestsTo(predictionContracts.query)).toMatchObject([
      { order: 'oldest', limit: 1, tags: [{ tagId: TAG, min: 0.5, max: 1 }], from: Date.parse('2026-01-01') },
    ]);
  });
});
