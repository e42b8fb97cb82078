import type { INestMicroservice } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus, connectBus, type BusConnection } from '@pentaprism/bus';
import { readConfig } from '@pentaprism/config';
import { radiographContracts, type Radiograph, type RequestOf, type ResponseOf, type Rpc } from '@pentaprism/contracts';
import { DomainError, type ErrorCode } from '@pentaprism/domain';
import { BLOB_STORE, createService } from '@pentaprism/service';
import type { Logger } from '@pentaprism/observability';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { answerCalls } from './stand-in.fixture.js';
import { trainingIngestService } from './training-ingest.service.js';

/** What a suite has to itself on the servers of the run; `testScope` makes one. */
interface Scope {
  readonly natsUrl: string;
  readonly subjectPrefix: string;
  readonly logger: Logger;
  readonly environment: Readonly<Record<string, string>>;
  cleanUp(): Promise<void>;
}

type Contracts = typeof radiographContracts;

/** The catalog's part of radiographs, in memory: it answers, notes what it was asked, and fails when it is told to. */
export class StandInForCatalog {
  /** By workspace and key. */
  readonly radiographs = new Map<string, { workspace: string; radiograph: Radiograph; timeToLive: number }>();
  /** `verb workspace what`, of everything that changes something. */
  readonly changes: string[] = [];
  /** The answer to a subject in the place of its own. */
  readonly failures = new Map<string, ErrorCode>();
  /** What happens before it answers a call. */
  before: (subject: string) => Promise<void> = () => Promise.resolve();

  constructor(connection: BusConnection) {
    const answer = answerCalls(connection, async (subject) => {
      await this.before(subject);
      const failure = this.failures.get(subject);
      if (failure) throw new DomainError(failure, 'as told');
    });
    answer(radiographContracts.create, (request, workspace) => this.create(request, workspace));
    answer(radiographContracts.get, ({ key }, workspace) => this.find(workspace, key));
    answer(radiographContracts.delete, ({ key }, workspace) => {
      this.changes.push(`delete ${workspace} ${key}`);
      this.find(workspace, key);
      this.radiographs.delete(`${workspace}/${key}`);
      return {};
    });
    answer(radiographContracts.listSessions, ({ limit }, workspace) => {
      if (workspace !== '') throw new DomainError('INTERNAL', 'asked with a workspace');
      const sessions = [...this.radiographs.values()].flatMap(({ workspace, radiograph: { session } }) =>
        session ? [{ workspace, sessionId: session.sessionId }] : [],
      );
      return { sessions: sessions.slice(0, limit) };
    });
    answer(radiographContracts.endSession, ({ sessionId }, workspace) => {
      this.changes.push(`end ${workspace} ${sessionId}`);
      const over = [...this.radiographs].filter(
        ([, each]) => each.workspace === workspace && each.radiograph.session?.sessionId === sessionId,
      );
      for (const [name] of over) this.radiographs.delete(name);
      return { deleted: over.length };
    });
  }

  private create({ source, info, session, timeToLive }: RequestOf<Contracts['create']>, workspace: string): Radiograph {
    const createdAt = Date.now();
    const times = { createdAt, expiresAt: createdAt + timeToLive * 1000 };
    const imageId = randomBytes(12).toString('hex');
    const radiograph = { key: randomUUID(), imageId, source, info, session, ...times };
    this.radiographs.set(`${workspace}/${radiograph.key}`, { workspace, radiograph, timeToLive });
    return radiograph;
  }

  private find(workspace: string, key: string): Radiograph {
    const found = this.radiographs.get(`${workspace}/${key}`);
    if (!found) throw new DomainError('NOT_FOUND', 'There is no such radiograph.');
    return found.radiograph;
  }
}

export interface StartedTrainingIngest {
  readonly app: INestMicroservice;
  readonly catalog: StandInForCatalog;
  readonly blobs: BlobStore;
  /** Of the blobs. */
  readonly directory: string;
  /** In the workspace `w1`, unless told otherwise. */
  call<R extends Rpc>(rpc: R, request: RequestOf<R>, workspace?: string): Promise<ResponseOf<R>>;
  /** Another instance on the same database, blob store and bus. */
  startAnother(): Promise<INestMicroservice>;
  stop(): Promise<void>;
}

/** Training-ingest on a bus without other services. Stopping it ends the scope too. */
export async function startTrainingIngest(
  scope: Scope,
  environment: Readonly<Record<string, string>> = {},
): Promise<StartedTrainingIngest> {
  const { natsUrl: url, subjectPrefix: prefix, logger } = scope;
  const directory = await mkdtemp(join(tmpdir(), 'training-ingest-'));
  const connection = await connectBus({ url, prefix, name: 'test', logger });
  const bus = new Bus(connection);
  const catalog = new StandInForCatalog(connection);
  const config = readConfig(trainingIngestService.config, {
    ...scope.environment,
    BLOB_URL: pathToFileURL(directory).href,
    ...environment,
  });
  const apps: INestMicroservice[] = [];
  const startAnother = async () => {
    const app = await createService(trainingIngestService, config, logger);
    await app.listen();
    apps.push(app);
    return app;
  };
  const app = await startAnother();
  return {
    app,
    catalog,
    blobs: app.get<BlobStore>(BLOB_STORE, { strict: false }),
    directory,
    call: (rpc, request, workspace = 'w1') =>
      bus.call(rpc, request, { context: { workspace, traceId: 't', actor: 'ann' } }),
    startAnother,
    stop: async () => {
      for (const each of apps) await each.close();
      await connection.nats.close();
      await scope.cleanUp();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
