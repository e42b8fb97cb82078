import { Catch, Global, Module, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Bus } from '@pentaprism/bus';
import {
  modelingContracts,
  projectContracts,
  type Candidate,
  type ContentReference,
  type Dataset,
  type Job,
  type Modeling,
  type Project,
  type Rpc,
  type Target,
} from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import {
  asHttpFailure,
  Contents,
  createValidationPipe,
  JobWaiter,
  registerFormParser,
  registerJsonParser,
  setPrincipal,
  UploadLimits,
  type SendOptions,
  type StoredContent,
} from '@pentaprism/http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { datarobotDialect } from './datarobot.dialect.js';
import { DatarobotModule } from './datarobot.module.js';

/** The origin of requests. */
export const ORIGIN = 'http://localhost:80';
/** Bytes of a dataset at most. */
export const MAX_DATASET_BYTES = 1000;

/** A dataset that has been imported. */
export const dataset: Dataset = {
  id: 'a'.repeat(24),
  versionId: 'b'.repeat(24),
  name: 'pets.zip',
  fileName: 'pets.zip',
  categories: ['TRAINING'],
  state: 'ready',
  size: 900,
  createdAt: 0,
  modifiedAt: 1000,
  createdBy: 'k',
  rowCount: 3,
  columnCount: 2,
  importedRows: 3,
  imageCount: 3,
  hasImages: true,
  table: { sha256: '0'.repeat(64), mediaType: 'application/octet-stream', size: 50 },
};

/** A project of the catalog. */
export const project: Project = {
  id: 'e'.repeat(24),
  name: 'pets.zip',
  uniqueName: 'pets.zip',
  description: '',
  training: { domain: 'general', classificationType: 'multilabel', exportPlatforms: [] },
  createdAt: 0,
  modifiedAt: 0,
  imageCount: 3,
};

/** The same project, made of the dataset. */
export const modeling: Modeling = {
  projectId: project.id,
  state: 'ready',
  dataset: { id: dataset.id, versionId: dataset.versionId, fileName: dataset.fileName, deleted: false },
  rowCount: 3,
  imageColumn: 'image',
  holdoutUnlocked: false,
  target: null,
  searching: false,
};

/** What models of the project predict, once it has a target. */
export const target: Target = {
  ...{ column: 'class', type: 'multiclass', metric: 'LogLoss', positiveClass: null, mode: 'quick' },
};

/** A trained model of the project. */
export const candidate: Candidate = {
  ...{ id: '1'.repeat(24), projectId: project.id, number: 1, state: 'trained' },
  blueprint: {
    id: 'linear',
    modelType: 'Keras Linear Classifier',
    processes: ['Embedding', 'Keras Linear Classifier'],
  },
  ...{ jobId: '2'.repeat(24), jobNumber: 17, createdAt: 0, trainedAt: 5, error: null },
  ...{ imageColumns: ['image'], rowCount: 2 },
  metrics: { LogLoss: { validation: 0.1, crossValidation: 0.2, holdout: 0.3 } },
};

/** The job that trains it. */
export const training: Job = {
  ...{ id: candidate.jobId, number: candidate.jobNumber, owner: 'training-ingest', type: 'candidate.train' },
  ...{ state: 'queued', progress: 0, error: null, createdAt: 0, startedAt: null, finishedAt: null },
  subject: { projectId: project.id, candidateId: candidate.id },
};

/** A blob that was stored. */
export interface Stored {
  readonly area: string | undefined;
  readonly workspace: string;
  readonly bytes: Buffer;
}

interface Asking {
  /** Sent as JSON, unless it is a buffer. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The dialect in front of services, a blob store and jobs that this test plays. */
export class StandInSystem {
  readonly calls: { subject: string; request: unknown }[] = [];
  /** Limits in milliseconds of the waits for jobs. */
  readonly waits: number[] = [];
  readonly sent: (StoredContent & SendOptions)[] = [];
  readonly stored: Stored[] = [];
  /** Files that were opened. */
  readonly opened: StoredContent[] = [];
  /** Texts of files that can be opened, by their hashes. */
  readonly files = new Map<string, string>();
  private readonly answers = new Map<string, (request: never) => unknown>();

  private constructor(readonly app: NestFastifyApplication) {}

  static async start(): Promise<StandInSystem> {
    const adapter = new FastifyAdapter({ routerOptions: { ignoreTrailingSlash: true } });
    const parts = new StandInParts();
    const module = { module: TestModule, imports: [standIns(parts), DatarobotModule] };
    const app = await NestFactory.create<NestFastifyApplication>(module, adapter, { logger: false, bodyParser: false });
    parts.system = new StandInSystem(app);
    app.useGlobalFilters(new TestFilter());
    app.useGlobalPipes(createValidationPipe());
    const fastify = adapter.getInstance() as unknown as FastifyInstance;
    fastify.addHook('onRequest', async (request) =>
      setPrincipal(request, { keyId: 'k', name: 'k', role: 'editor', workspace: 'w1' }),
    );
    registerJsonParser(fastify);
    registerFormParser(fastify);
    await app.init();
    await fastify.ready();
    return parts.system;
  }

  /** Sets what a service answers. A call without an answer is NOT_FOUND. */
  answer(rpc: Rpc, reply: (request: never) => unknown): void {
    this.answers.set(rpc.subject, reply);
  }

  /** Sets what services answer about a project. */
  answerProject(found: Project, described: Modeling): void {
    this.answer(projectContracts.get, () => found);
    this.answer(modelingContracts.describe, ({ projectIds }: { projectIds: string[] }) => ({
      modelings: projectIds.map((projectId) => ({ ...described, projectId })),
    }));
  }

  /** The request of the last call of a service. */
  lastCall(): unknown {
    return this.calls.at(-1)?.request;
  }

  /** Forgets all answers and all that was recorded. */
  reset(): void {
    this.answers.clear();
    this.files.clear();
    for (const log of [this.calls, this.waits, this.sent, this.stored, this.opened]) log.length = 0;
  }

  async ask(method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'DELETE', path: string, { body, headers }: Asking = {}) {
    const isJson = body !== undefined && !Buffer.isBuffer(body);
    const payload = isJson ? JSON.stringify(body) : body;
    const response = await this.app.inject({
      method,
      url: `/api/v2/${path}`,
      headers: { ...(isJson ? { 'content-type': 'application/json' } : {}), ...headers },
      ...(payload === undefined ? {} : { payload }),
    });
    const json = response.headers['content-type']?.toString().startsWith('application/json') && response.body !== '';
    return { status: response.statusCode, headers: response.headers, body: json ? response.json() : response.body };
  }

  async call(rpc: Rpc, request: unknown): Promise<unknown> {
    this.calls.push({ subject: rpc.subject, request: rpc.request.parse(request) });
    const reply = this.answers.get(rpc.subject);
    if (!reply) throw new DomainError('NOT_FOUND', 'There is no such thing.');
    return rpc.response.parse(reply(request as never));
  }

  /** Returns the bytes of one of `files`. */
  open(content: StoredContent): AsyncIterable<Uint8Array> {
    this.opened.push(content);
    const text = this.files.get(content.sha256);
    if (text === undefined) throw new DomainError('NOT_FOUND', 'There is no such file.');
    // In pieces that end within lines.
    return Readable.from(text.match(/[^]{1,50}/g)?.map((part) => Buffer.from(part)) ?? []);
  }

  /** Reads the whole source, as a blob store does, and keeps nothing if that fails. */
  async store(workspace: string, source: AsyncIterable<Uint8Array>, maxBytes: number, area?: string) {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of source) {
      size += chunk.length;
      if (size > maxBytes) throw new DomainError('PAYLOAD_TOO_LARGE', `more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    this.stored.push({ area, workspace, bytes: Buffer.concat(chunks) });
    const content: ContentReference = { sha256: '0'.repeat(64), size, mediaType: 'application/octet-stream' };
    return content;
  }
}

/** What Nest injects: there before the system is. */
class StandInParts {
  system!: StandInSystem;
}

function standIns(parts: StandInParts) {
  const bus = { call: (rpc: Rpc, request: unknown) => parts.system.call(rpc, request) };
  const contents = {
    store: (...[workspace, source, maxBytes, area]: Parameters<StandInSystem['store']>) =>
      parts.system.store(workspace, source, maxBytes, area),
    send: async (_request: FastifyRequest, reply: FastifyReply, content: StoredContent, options?: SendOptions) => {
      parts.system.sent.push({ ...content, ...options });
      void reply.type(content.mediaType).send(Buffer.from('bytes'));
    },
    open: async (content: StoredContent) => parts.system.open(content),
  };
  const waiter = { wait: async (_id: string, limitMs: number) => void parts.system.waits.push(limitMs) };
  const providers = [
    { provide: Bus, useValue: bus },
    { provide: Contents, useValue: contents },
    { provide: JobWaiter, useValue: waiter },
    { provide: UploadLimits, useValue: new UploadLimits(MAX_DATASET_BYTES) },
  ];
  return { module: StandInModule, providers, exports: providers.map(({ provide }) => provide) };
}

@Global()
@Module({})
class StandInModule {}

@Module({})
class TestModule {}

@Catch()
class TestFilter implements ExceptionFilter {
  catch(thrown: unknown, host: ArgumentsHost): void {
    const [request, reply] = [host.switchToHttp().getRequest(), host.switchToHttp().getResponse()];
    const error = asHttpFailure(thrown);
    const status = datarobotDialect.statusFor?.(error, request) ?? datarobotDialect.statuses[error.code];
    reply.status(status).send(datarobotDialect.errorBody(status, error, { path: '', headers: {} }));
  }
}
