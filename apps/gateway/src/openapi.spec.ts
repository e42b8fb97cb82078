import { beforeAll, describe, expect, it } from '@jest/globals';
import { Global, Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { WebFiles } from '@pentaprism/dialect-tensorboard';
import { Contents, FileUrls, JobWaiter, PublicOrigin, UploadLimits } from '@pentaprism/http';
import { LOGGER } from '@pentaprism/observability';
import { BLOB_STORE, SystemClock } from '@pentaprism/service';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { GATEWAY_CONFIG } from './config.js';
import { DIALECTS } from './dialects.js';
import { Drain } from './http/drain.js';
import { RecordSpace } from './http/record-space.js';
import { documentOf } from './openapi-document.js';

/** What the gateway gives to all dialects. In a preview, none of them is called. */
const STAND_INS = [
  ...[Bus, Contents, Drain, FileUrls, JobWaiter, PublicOrigin, RecordSpace, SystemClock, UploadLimits, WebFiles],
  ...[BLOB_STORE, GATEWAY_CONFIG, LOGGER],
].map((provide) => ({ provide, useValue: {} }));

@Global()
@Module({ imports: DIALECTS.map(({ module }) => module), providers: STAND_INS, exports: STAND_INS })
class DialectsModule {}

/** That something is there and says something. */
const text = (type: string, property: string) => ({
  subject: { type, property },
  assertions: { defined: true, minLength: 1 },
});

/** The rules of Redocly that are recommended, and those that make a document of use to generators and fuzzers. */
const RULES = {
  extends: ['recommended' as const],
  rules: {
    'path-parameters-defined': 'error',
    'operation-operationId': 'error',
    'operation-operationId-unique': 'error',
    'operation-4xx-response': 'error',
    'operation-summary': 'error',
    'no-unused-components': 'error',
    // Nest writes `allOf` around a single schema.
    'no-illogical-composition-keywords': 'off',
    'rule/described-responses': { ...text('Response', 'description'), severity: 'error' },
    'rule/described-parameters': { ...text('Parameter', 'description'), severity: 'error' },
    'rule/described-operations': { ...text('Operation', 'summary'), severity: 'error' },
  },
} as const;

async function complaintsAbout(document: object): Promise<string[]> {
  const config = await createConfig(RULES as never);
  const problems = await lintFromString({ source: JSON.stringify(document), config });
  return problems.map(({ ruleId, message, location: [at] }) => `${ruleId}: ${message} (${at?.pointer ?? ''})`);
}

const documents = new Map<string, OpenAPIObject>();
beforeAll(async () => {
  // In a preview, Nest finds modules and controllers, and creates none of them: no server is needed.
  const options = { abortOnError: false, logger: false, preview: true } as const;
  const app: INestApplication = await NestFactory.create(DialectsModule, new FastifyAdapter(), options);
  for (const dialect of DIALECTS) documents.set(dialect.name, documentOf(app, dialect, '0.0.0'));
});

describe.each(DIALECTS.map(({ name }) => name))('the OpenAPI document of %s', (name) => {
  it('passes the linter', async () => {
    const document = documents.get(name);
    expect(Object.keys(document?.paths ?? {}).length).toBeGreaterThan(3);
    expect(await complaintsAbout(document ?? {})).toEqual([]);
  });
});

describe('the linter', () => {
  const [path, method] = ['/customvision/v3.4-preview/training/projects/{projectId}/images/metadata', 'post'] as const;
  const broken = (change: (operation: NonNullable<OpenAPIObject['paths'][string]['post']>) => void) => {
    const document = structuredClone(documents.get('custom-vision')) as OpenAPIObject;
    const operation = document.paths[path]?.[method];
    if (!operation) throw new Error('there is no such operation');
    change(operation);
    return complaintsAbout(document);
  };

  it.each([
    ['an undefined parameter', 'path-parameters-defined', { parameters: [] }],
    ['no answer for refusals', 'operation-4xx-response', { responses: { '200': { description: 'Yes' } } }],
    ['no operation id', 'operation-operationId', { operationId: undefined }],
    ['the operation id of another', 'operation-operationId-unique', { operationId: 'getTags' }],
    ['an empty summary', 'rule/described-operations', { summary: '' }],
    ['an answer that is not described', 'rule/described-responses', { responses: { '4XX': { description: '' } } }],
    [
      'a parameter that is not described',
      'rule/described-parameters',
      { parameters: [{ name: 'projectId', in: 'path' as const, required: true, description: '', schema: {} }] },
    ],
  ])('refuses %s', async (_what, rule, change) => {
    const complaints = await broken((operation) => Object.assign(operation, change));
    expect(complaints.filter((each) => each.startsWith(`${rule}:`)).length).toBeGreaterThan(0);
  });
});
