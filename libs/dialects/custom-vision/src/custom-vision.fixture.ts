import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { Catch, Global, Module, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Bus } from '@pentaprism/bus';
import {
  contentContracts,
  projectContracts,
  type ContentReference,
  type Iteration,
  type Rpc,
  type TrainingImage,
} from '@pentaprism/contracts';
import { DomainError, sniffMediaType, toUuid } from '@pentaprism/domain';
import {
  acceptSerializedJson,
  asHttpFailure,
  Contents,
  createValidationPipe,
  FileUrls,
  registerFormParser,
  registerJsonParser,
  registerStreamParsers,
  setPrincipal,
  type SignedContent,
  type SignedImage,
  type StoredContent,
} from '@pentaprism/http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { canonicalUrl } from './addresses.js';
import { customVisionDialect } from './custom-vision.dialect.js';
import { CustomVisionModule } from './custom-vision.module.js';

export const PROJECT = 'a'.repeat(24);
export const TAG = 'b'.repeat(24);
export const IMAGE = 'c'.repeat(24);
export const ITERATION = 'd'.repeat(24);
export const PREDICTION = 'e'.repeat(24);
export const V1 = `/customvision/v1.2/Training/projects/${toUuid(PROJECT)}`;
export const V3 = `/customvision/v3.4-preview/training/projects/${toUuid(PROJECT)}`;

/** GUIDs of the things above, one that none of ours has, and others. */
export const [P, T, I, ITER] = [toUuid(PROJECT), toUuid(TAG), toUuid(IMAGE), toUuid(ITERATION)];
export const FOREIGN = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
export const guids = (count: number) =>
  Array.from({ length: count }, (_, i) => toUuid(i.toString(16).padStart(24, '0')));

/** A form of parts, which have neither a file name nor a type unless they say so. */
export function form(parts: readonly { headers?: string; body: string | Buffer }[]) {
  const pieces = parts.flatMap(({ headers = 'Content-Disposition: form-data; name="imageData"', body }) => [
    `--b\r\n${headers}\r\n\r\n`,
    body,
    '\r\n',
  ]);
  return {
    headers: { 'content-type': 'multipart/form-data; boundary=b' },
    body: Buffer.concat([...pieces, '--b--\r\n'].map((piece) => Buffer.from(piece))),
  };
}

const CREATED = Date.parse('2026-01-02T03:04:05.678Z');
const content = (digit: string, mediaType = 'image/png'): ContentReference => ({
  sha256: digit.repeat(64),
  size: 1000,
  mediaType,
});

export function trainingImage(id = IMAGE): TrainingImage {
  return {
    id,
    projectId: PROJECT,
    fileName: 'a.png',
    createdAt: CREATED,
    width: 96,
    height: 64,
    tags: [{ id: TAG, number: 1, name: 'hemlock & "é"', taggedAt: CREATED }],
    original: content('1'),
    thumbnail: content('2', 'image/jpeg'),
    resized: null,
    expiresAt: null,
  };
}

export const ITERATION_RECORD: Iteration = {
  id: ITERATION,
  projectId: PROJECT,
  name: 'Iteration 1',
  status: 'completed',
  progress: 1,
  createdAt: CREATED,
  modifiedAt: CREATED,
  trainedAt: CREATED,
  domain: 'general',
  classificationType: 'multilabel',
  trainingType: null,
  reservedBudgetInHours: 0,
  trainingMinutes: 1,
  publishName: null,
  publishTarget: null,
  isDefault: false,
  error: null,
};

export const PROJECT_RECORD = {
  id: PROJECT,
  name: 'p',
  uniqueName: 'p',
  description: '',
  training: { domain: 'general-compact', classificationType: 'multilabel', exportPlatforms: [] },
  createdAt: 0,
  modifiedAt: 0,
  imageCount: 0,
};

export const PREDICTION_RECORD = {
  id: PREDICTION,
  projectId: PROJECT,
  iterationId: ITERATION,
  createdAt: 0,
  tags: [{ tagId: TAG, name: 'a', type: 'regular', probability: 1 }],
};

const FIGURES = { precision: 1, precisionDeviation: 0, recall: 0.5, recallDeviation: 0, averagePrecision: 1 };
export const PERFORMANCE_RECORD = { ...FIGURES, tags: [{ ...FIGURES, tagId: TAG, name: 'a' }] };

/** The dialect over services that answer as a test says, and a blob store that only counts. */
export class TestApi {
  readonly calls: { subject: string; request: unknown }[] = [];
  readonly stored: ContentReference[] = [];
  private readonly answers = new Map<string, (request: never) => unknown>();
  private app!: NestFastifyApplication;

  static async start(): Promise<TestApi> {
    const api = new TestApi();
    await api.open();
    return api;
  }

  /** A call without an answer is NOT_FOUND. */
  answer(rpc: Rpc, reply: (request: never) => unknown): void {
    this.answers.set(rpc.subject, reply);
  }

  fail(rpc: Rpc, error: DomainError): void {
    this.answer(rpc, () => {
      throw error;
    });
  }

  reset(): void {
    this.calls.length = 0;
    this.stored.length = 0;
    this.answers.clear();
    this.answer(projectContracts.resolve, () => ({ project: PROJECT }));
    this.answer(contentContracts.discard, () => ({}));
  }

  requestsTo(rpc: Rpc): unknown[] {
    return this.calls.filter(({ subject }) => subject === rpc.subject).map(({ request }) => request);
  }

  async send(
    method: string,
    url: string,
    { headers = {}, body }: { headers?: Record<string, string>; body?: string | Buffer } = {},
  ) {
    const payload = body === undefined ? {} : { payload: body };
    const answer = await this.app.inject({ method: method as 'GET', url, headers, ...payload });
    return { status: answer.statusCode, type: String(answer.headers['content-type'] ?? ''), text: answer.body, headers: answer.headers }; // prettier-ignore
  }

  async json(method: string, url: string, body?: unknown, headers: Record<string, string> = {}) {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const type = { 'content-type': 'application/json; charset=utf-8', ...headers };
    const answer = await this.send(method, url, { headers: type, ...sent });
    return { ...answer, body: answer.text === '' ? undefined : (JSON.parse(answer.text) as never) };
  }

  close(): Promise<void> {
    return this.app.close();
  }

  get nest(): NestFastifyApplication {
    return this.app;
  }

  async open(): Promise<void> {
    const values = [
      { provide: Bus, useValue: { call: (rpc: Rpc, request: unknown) => this.call(rpc, request) } },
      { provide: Contents, useValue: { store: this.store.bind(this) } },
      { provide: FileUrls, useValue: { sign, signContent } },
    ];
    @Global()
    @Module({ providers: values, exports: [Bus, Contents, FileUrls] })
    class StandInModule {}
    @Module({ imports: [StandInModule, CustomVisionModule] })
    class TestModule {}
    const adapter = new FastifyAdapter({
      rewriteUrl: ({ url = '/' }: IncomingMessage) => canonicalUrl(url) ?? url,
      routerOptions: { ignoreTrailingSlash: true },
    });
    this.app = await NestFactory.create<NestFastifyApplication>(TestModule, adapter, {
      logger: false,
      bodyParser: false,
    });
    this.app.useGlobalFilters(new TestFilter());
    this.app.useGlobalPipes(createValidationPipe());
    const fastify = adapter.getInstance() as unknown as FastifyInstance;
    fastify.addHook('onRequest', async (request) => {
      setPrincipal(request, { keyId: null, name: 'test', role: 'editor', workspace: 'w' });
    });
    registerJsonParser(fastify);
    registerFormParser(fastify);
    registerStreamParsers(fastify);
    acceptSerializedJson(fastify);
    await this.app.init();
    await fastify.ready();
  }

  private async call(rpc: Rpc, request: unknown): Promise<unknown> {
    this.calls.push({ subject: rpc.subject, request: rpc.request.parse(request) });
    const reply = this.answers.get(rpc.subject);
    if (!reply) throw new DomainError('NOT_FOUND', 'There is no such thing.');
    return rpc.response.parse(reply(request as never));
  }

  private async store(_workspace: string, source: Buffer | AsyncIterable<Uint8Array>, maxBytes: number) {
    const hash = createHash('sha256');
    let [size, head] = [0, Buffer.alloc(0)];
    for await (const chunk of Buffer.isBuffer(source) ? [source] : source) {
      size += chunk.length;
      if (size > maxBytes) throw new DomainError('PAYLOAD_TOO_LARGE', 'Too large.');
      head = Buffer.concat([head, chunk]).subarray(0, 32);
      hash.update(chunk);
    }
    if (size === 0) throw new DomainError('INVALID_ARGUMENT', 'Empty.');
    const reference = { sha256: hash.digest('hex'), size, mediaType: sniffMediaType(head) };
    this.stored.push(reference);
    return reference;
  }
}

async function sign(_request: FastifyRequest, _method: string, workspace: string, { id }: SignedImage) {
  return `http://files.example/${workspace}/${id}?a=1&b=2`;
}

async function signContent(_request: FastifyRequest, { area, workspace, sha256 }: SignedContent & StoredContent) {
  return `http://files.example/${workspace}/${area}/${sha256.slice(0, 8)}`;
}

@Catch()
class TestFilter implements ExceptionFilter {
  catch(thrown: unknown, host: ArgumentsHost): void {
    const [request, reply] = [
      host.switchToHttp().getRequest<FastifyRequest>(),
      host.switchToHttp().getResponse<FastifyReply>(),
    ];
    const error = asHttpFailure(thrown);
    const status = customVisionDialect.statuses[error.code];
    const asked = { path: request.routeOptions.url ?? request.url, headers: request.headers };
    const body = customVisionDialect.errorBody(status, error, asked);
    const written = customVisionDialect.writeError?.(body, asked);
    void reply
      .status(status)
      .header('Content-Type', written?.type ?? '')
      .send(Buffer.from(written?.text ?? ''));
  }
}

/** The API of one suite: open for all of its tests, and without calls and answers before each. */
export function apiOfSuite(): TestApi {
  const api = new TestApi();
  beforeAll(() => api.open());
  beforeEach(() => api.reset());
  afterAll(() => api.close());
  return api;
}
