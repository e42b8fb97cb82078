import { describe, expect, it } from '@jest/globals';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { ERROR_CODES } from '@pentaprism/domain';
import { apiOfSuite, V1, V3 } from './custom-vision.fixture.js';
import { CustomVisionModule } from './custom-vision.module.js';
import { CODES } from './wire/codes.js';

const api = apiOfSuite();

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
    ['POST', `${V3}/nothing`],
  ])('%s %s is nowhere', async (method, path) => {
    const answer = await api.send(
      method,
      path,
      method === 'POST' ? { headers: { 'content-type': 'text/xml' }, body: '<a/>' } : {},
    );
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([404, { code: 'NotFound' }]);
  });

  it.each(['v9/training/projects', 'v1.2/Prediction/x', 'v3.3/prediction/x', 'training', 'v2.3/Training/projects'])(
    'list what is served where %s is not',
    async (path) => {
      const answer = await api.send('GET', `/customvision/${path}`);
      expect([answer.status, JSON.parse(answer.text)]).toEqual([
        404,
        {
          code: 'NotFound',
          message:
            'There is nothing at this address. Served are Training v1.0 to v1.2, v2.0 to v2.2 and v3.0 to v3.4-preview, and ' +
            'Prediction v1.0, v1.1, v2.0 to v2.2, v3.0 and v3.1, below /customvision.',
        },
      ]);
    },
  );

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
  expect(count).toBe(101);
  expect(Object.keys(document.paths)).toContain('/customvision/v1.2/Training/projects/{projectId}/images/tagged');
  expect(JSON.stringify(document)).not.toContain('$defs');
});
