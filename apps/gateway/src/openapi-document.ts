import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { DomainError, type ErrorCode } from '@pentaprism/domain';
import type { Dialect } from '@pentaprism/http';
import { describeParameter } from './openapi-parameters.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Responses = Operation['responses'];
type ErrorContent = Extract<NonNullable<Responses[string]>, { content?: unknown }>['content'];
type Schemes = NonNullable<NonNullable<OpenAPIObject['components']>['securitySchemes']>;

const METHODS = ['get', 'put', 'post', 'patch', 'delete', 'head'] as const;
/** Paths that need no key. */
const OPEN = /^\/(?:health|metrics)(?:\/|$)/;

const SUCCESSES: Readonly<Record<string, string>> = {
  '200': 'The request succeeded',
  '201': 'Created',
  '202': 'Accepted: the work goes on after this answer',
  '204': 'Done: there is nothing to say',
  '303': 'Finished: the result is at the address in Location',
};

/** Refusals that an operation can answer with, and when. */
const REFUSALS: readonly { readonly code: ErrorCode; readonly what: string; readonly when?: (of: Facts) => boolean }[] =
  [
    { code: 'INVALID_ARGUMENT', what: 'The request is not valid; the message says why' },
    { code: 'UNAUTHENTICATED', what: 'There is no valid API key', when: ({ open }) => !open },
    { code: 'PERMISSION_DENIED', what: "The key's role does not suffice", when: ({ open }) => !open },
    { code: 'NOT_FOUND', what: 'There is no such thing', when: ({ hasPathParameters }) => hasPathParameters },
    { code: 'PAYLOAD_TOO_LARGE', what: 'The body is larger than its limit', when: ({ hasBody }) => hasBody },
    { code: 'UNSUPPORTED_MEDIA_TYPE', what: 'The body has a type that is not taken', when: ({ hasBody }) => hasBody },
    { code: 'RATE_LIMITED', what: 'There are too many requests; Retry-After says when to come again' },
  ];
const OTHER_REFUSALS = 'The request cannot be fulfilled; the message says why';

interface Facts {
  readonly open: boolean;
  readonly hasBody: boolean;
  readonly hasPathParameters: boolean;
}

/** Creates the OpenAPI document of a dialect, with the errors and keys that all of its operations have. */
export function documentOf(app: INestApplication, dialect: Dialect, version: string): OpenAPIObject {
  const schemes = schemesOf(dialect);
  const builder = new DocumentBuilder()
    .setTitle(dialect.title)
    .setVersion(version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/');
  const document = SwaggerModule.createDocument(app, builder.build(), {
    include: [dialect.module],
    deepScanRoutes: true,
  });
  document.components = { ...document.components, securitySchemes: schemes };
  document.security = Object.keys(schemes).map((name) => ({ [name]: [] }));
  for (const [path, item] of Object.entries(document.paths))
    for (const method of METHODS) {
      const operation = item[method];
      if (operation) complete(operation, path, dialect);
    }
  giveTypes(document);
  return document;
}

/** Keys in every header that the dialect's clients use. */
function schemesOf({ basicOnly, keyHeaders = [] }: Dialect): Schemes {
  if (basicOnly) return { basic: { type: 'http', scheme: 'basic' } };
  const own = keyHeaders.map((name) => [name, { type: 'apiKey', in: 'header', name }] as const);
  return { ...Object.fromEntries(own), bearer: { type: 'http', scheme: 'bearer' } };
}

function complete(operation: Operation, path: string, dialect: Dialect): void {
  const parameters = (operation.parameters ?? []).filter((each) => 'in' in each);
  for (const parameter of parameters) parameter.description ||= describeParameter(parameter.name);
  const open = OPEN.test(path);
  if (open) operation.security = [];
  const facts = {
    open,
    hasBody: operation.requestBody !== undefined,
    hasPathParameters: parameters.some((each) => each.in === 'path'),
  };
  const successes = Object.entries(operation.responses).map(([status, response]) => {
    const description = (response && 'description' in response && response.description) || SUCCESSES[status];
    return [status, { ...response, description: description ?? 'Answered' }] as const;
  });
  operation.responses = { ...refusalsOf(path, dialect, facts), ...Object.fromEntries(successes) } as Responses;
}

function refusalsOf(path: string, dialect: Dialect, facts: Facts): Responses {
  const found: Responses = {};
  for (const { code, what, when } of REFUSALS) {
    if (when && !when(facts)) continue;
    const status = String(dialect.statuses[code]);
    const earlier = found[status];
    const description = earlier && 'description' in earlier ? `${earlier.description}. ${what}` : what;
    found[status] = { description, content: errorContent(path, dialect, code) };
  }
  return { ...found, '4XX': { description: OTHER_REFUSALS, content: errorContent(path, dialect, 'INVALID_ARGUMENT') } };
}

/** The body of an error, as the dialect writes it. */
function errorContent(path: string, dialect: Dialect, code: ErrorCode): ErrorContent {
  const error = new DomainError(code, 'What is wrong');
  const asked = { path, headers: {} };
  const body = dialect.errorBody(dialect.statuses[code], error, asked);
  if (dialect.writeError?.(body, asked).type.startsWith('text/plain'))
    return { 'text/plain': { schema: { type: 'string' } } };
  const properties = Object.fromEntries(Object.entries(body).map(([name, value]) => [name, { type: typeOf(value) }]));
  return { 'application/json': { schema: { type: 'object', properties } } };
}

function typeOf(value: unknown): 'integer' | 'string' | 'boolean' | 'array' | 'object' {
  if (typeof value === 'number') return 'integer';
  if (typeof value === 'string' || typeof value === 'boolean') return typeof value as 'string' | 'boolean';
  return Array.isArray(value) ? 'array' : 'object';
}

/** OpenAPI 3.0 knows `nullable` only beside a type: what refers to a model is an object. */
function giveTypes(node: unknown): void {
  if (typeof node !== 'object' || node === null) return;
  if ('nullable' in node && node.nullable === true && !('type' in node)) Object.assign(node, { type: 'object' });
  for (const each of Object.values(node)) giveTypes(each);
}
