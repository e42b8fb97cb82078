import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { Catch, Global, Module, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Bus } from '@pentaprism/bus';
import { DomainError } from '@pentaprism/domain';
import {
  asHttpFailure,
  Contents,
  createValidationPipe,
  setPrincipal,
  UploadLimits,
  type SendOptions,
  type StoredContent,
} from '@pentaprism/http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { canonicalUrl } from './addresses.js';
import { StandInEventLogs } from './event-logs.fixture.js';
import { WebFiles } from './page/web-files.js';
import { tensorboardDialect } from './tensorboard.dialect.js';
import { TensorboardModule } from './tensorboard.module.js';

/** The dialect over event logs and a blob store that a test fills. */
export class TestApi {
  readonly logs = new StandInEventLogs();
  /** What was sent of the blob store. */
  readonly sent: (StoredContent & SendOptions)[] = [];
  /** Hashes of blobs that are not there any more. */
  readonly goneBlobs = new Set<string>();
  /** The header that names the workspace of a request. */
  static readonly WORKSPACE_HEADER = 'x-workspace';
  #tests = 0;
  #app!: NestFastifyApplication;

  get nest(): NestFastifyApplication {
    return this.#app;
  }

  /** Begins a test in a workspace of its own, since what was answered of another one may be kept. */
  reset(): void {
    this.logs.workspace = `clinic-${++this.#tests}`;
    this.logs.calls.length = 0;
    this.sent.length = 0;
    this.goneBlobs.clear();
  }

  async get(url: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') {
    const { statusCode: status, headers: answered, rawPayload } = await this.#app.inject({ method, url, headers });
    return { status, headers: answered, body: rawPayload, text: rawPayload.toString() };
  }

  async json(url: string, headers: Record<string, string> = {}): Promise<unknown> {
    const { status, text } = await this.get(url, headers);
    if (status !== 200) throw new Error(`${url} is answered with ${status}: ${text}`);
    return JSON.parse(text);
  }

  async open(): Promise<void> {
    const values = [
      { provide: Bus, useValue: this.logs.bus() },
      { provide: Contents, useValue: { send: this.#send.bind(this) } },
      { provide: UploadLimits, useValue: new UploadLimits(0) },
      { provide: WebFiles, useValue: new WebFiles(undefined) },
    ];
    @Global()
    @Module({ providers: values, exports: [Bus, Contents, UploadLimits, WebFiles] })
    class StandInModule {}
    @Module({ imports: [StandInModule, TensorboardModule] })
    class TestModule {}
    const adapter = new FastifyAdapter({
      rewriteUrl: ({ url = '/' }: IncomingMessage) => canonicalUrl(url) ?? url,
      routerOptions: { ignoreTrailingSlash: true },
    });
    this.#app = await NestFactory.create<NestFastifyApplication>(TestModule, adapter, { logger: false });
    this.#app.useGlobalFilters(new TestFilter());
    this.#app.useGlobalPipes(createValidationPipe());
    const fastify = adapter.getInstance() as unknown as FastifyInstance;
    fastify.addHook('onRequest', async (request) => {
      const workspace = String(request.headers[TestApi.WORKSPACE_HEADER] ?? this.logs.workspace);
      setPrincipal(request, { keyId: null, name: 'test', role: 'reader', workspace });
    });
    await this.#app.init();
    await fastify.ready();
  }

  close(): Promise<void> {
    return this.#app.close();
  }

  async #send(_request: FastifyRequest, reply: FastifyReply, content: StoredContent, options: SendOptions = {}) {
    if (this.goneBlobs.has(content.sha256))
      throw new DomainError(options.mayBeGone ? 'NOT_FOUND' : 'DATA_LOSS', 'The blob is not there.');
    this.sent.push({ ...content, ...options });
    await reply.header('Content-Type', content.mediaType).send(Buffer.from(content.part?.sha256[0] ?? ''));
  }
}

@Catch()
class TestFilter implements ExceptionFilter {
  catch(thrown: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const error = asHttpFailure(thrown);
    const status = tensorboardDialect.statuses[error.code];
    const asked = { path: '', headers: {} };
    const written = tensorboardDialect.writeError?.(tensorboardDialect.errorBody(status, error, asked), asked);
    void reply
      .status(status)
      .header('Content-Type', written?.type ?? '')
      .send(Buffer.from(written?.text ?? ''));
  }
}

/** The API of one suite: open for all of its tests, in a workspace without runs before each. */
export function apiOfSuite(): TestApi {
  const api = new TestApi();
  beforeAll(() => api.open());
  beforeEach(() => api.reset());
  afterAll(() => api.close());
  return api;
}
