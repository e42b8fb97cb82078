import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { contentContracts, predictionContracts } from '@pentaprism/contracts';
import { DomainError, ERROR_CODES, toUuid } from '@pentaprism/domain';
import { customVisionDialect } from './custom-vision.dialect.js';
import {
  form,
  ITER,
  ITERATION,
  P,
  PREDICTION,
  PROJECT,
  T,
  TAG,
  TestApi,
  trainingImage,
  V1,
  V3,
} from './custom-vision.fixture.js';
import { CustomVisionModule } from './custom-vision.module.js';
import { CODES } from './wire/codes.js';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.close());
beforeEach(() => api.reset());

describe('predictions', () => {
  const seen = {
    id: PREDICTION,
    projectId: PROJECT,
    iterationId: ITERATION,
    createdAt: 0,
    tags: [{ tagId: TAG, name: 'a', type: 'regular', probability: 1 }],
  };
  const CLASSIFY = `/customvision/v3.1/prediction/${P}/classify/iterations/Tags%20A/image`;
  beforeEach(() => api.answer(predictionContracts.predict, () => seen));

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
      predictions: [{ probability: 1, tagId: T, tagName: 'a', boundingBox: null, tagType: 'Regular' }],
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
      predictions: [{ ...seen, image: trainingImage() }],
      continuation: 'next',
    }));
    const token = {
      OrderBy: 'Oldest',
      MaxCount: 2,
      Tags: [{ Id: T, MinThreshold: 0.5, MaxThreshold: 0 }],
      StartTime: '2026-01-01T00:00:00Z',
    };
    const answer = await api.json('POST', `${V1}/predictions/query`, token);
    expect(answer.body).toMatchObject({
      Results: [{ Id: toUuid(PREDICTION), ThumbnailUri: 'http://files.example/w/thumbnails/22222222' }],
      Token: { Continuation: 'next', MaxCount: 2, OrderBy: 'Oldest', StartTime: '2026-01-01T00:00:00.000Z' },
    });
    expect(api.requestsTo(predictionContracts.query)).toMatchObject([
      { order: 'oldest', limit: 2, tags: [{ tagId: TAG, min: 0.5, max: 1 }], from: Date.parse('2026-01-01') },
    ]);
  });
});

describe('errors', () => {
  it('have names and statuses for all that can happen', () => {
    expect(Object.keys(CODES).sort()).toEqual([...ERROR_CODES].sort());
  });

  it('in XML where that is asked for', async () => {
    const headers = { accept: 'application/xml' };
    const v1 = await api.send('GET', `${V1}/images/tagged?take=300`, { headers });
    expect([v1.status, v1.type, v1.text]).toEqual([
      400,
      'application/xml; charset=utf-8',
      '<?xml version="1.0" encoding="utf-8"?><CustomVisionError><Code>BadRequestExceededBatchSize</Code><Message>take: must be from 0 to 256</Message></CustomVisionError>',
    ]);
    expect((await api.send('GET', '/customvision/v3.4/x', { headers })).text).toContain('<code>NotFound</code>');
  });

  it.each([
    ['GET', '/customvision'],
    ['GET', '/customvision/v9/training/projects'],
    ['POST', `${V3}/nothing`],
  ])('%s %s is nowhere', async (method, path) => {
    const answer = await api.send(
      method,
      path,
      method === 'POST' ? { headers: { 'content-type': 'text/xml' }, body: '<a/>' } : {},
    );
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([404, { code: 'NotFound' }]);
  });

  it('take no other bodies', async () => {
    const answer = await api.send('POST', `${V3}/images/urls`, {
      headers: { 'content-type': 'text/plain' },
      body: 'x',
    });
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([415, { code: 'UnsupportedMediaType' }]);
  });

  it('tell what nobody serves', async () => {
    const answer = await api.json('POST', `${V3}/images/regions`, { regions: [] });
    expect([answer.status, answer.body]).toMatchObject([400, { code: 'BadRequestOperationNotSupported' }]);
  });

  it('refuse more than 1 MB where no picture is inside', async () => {
    const batch = { images: [{ url: 'x' }], tagIds: ['x'.repeat(2 * 1024 ** 2)] };
    const answer = await api.json('POST', `${V3}/images/urls`, batch);
    expect([answer.status, answer.body]).toMatchObject([413, { code: 'PayloadTooLarge' }]);
  });
});

it('is documented, every route of it', () => {
  const document = SwaggerModule.createDocument(api.nest, new DocumentBuilder().build(), {
    include: [CustomVisionModule],
    deepScanRoutes: true,
  });
  const count = Object.values(document.paths).flatMap((methods) => Object.keys(methods as object)).length;
  expect(count).toBe(97);
  expect(Object.keys(document.paths)).toContain('/customvision/v1.2/Training/projects/{projectId}/images/tagged');
  expect(JSON.stringify(document)).not.toContain('$defs');
});

it('asks an editor to write, and a reader to look', () => {
  const role = (method: string, path: string) => customVisionDialect.roleFor?.(method, path);
  expect(role('GET', V3)).toBe('reader');
  expect(role('POST', `${V3}/train`)).toBe('editor');
  expect(role('POST', `${V3}/predictions/query`)).toBe('reader');
  expect(role('POST', `/customvision/v3.1/prediction/${P}/classify/iterations/x/image`)).toBe('editor');
  expect(role('POST', `/customvision/v3.1/prediction/${P}/classify/iterations/x/image/nostore`)).toBe('reader');
});
