import type { INestMicroservice } from '@nestjs/common';
import { Bus, connectBus, type BusConnection } from '@pentaprism/bus';
import { readConfig } from '@pentaprism/config';
import {
  counterContracts,
  imageContracts,
  projectContracts,
  tagContracts,
  trainingImageContracts,
  type RequestOf,
  type ResponseOf,
  type Rpc,
  type TagChange,
  type TagReference,
} from '@pentaprism/contracts';
import { createService } from '@pentaprism/service';
import type { Logger } from '@pentaprism/observability';
import { taggingService } from './tagging.service.js';

export const LIBRARY = 'a'.repeat(24);
export const OTHER_PROJECT = 'b'.repeat(24);

/** What a suite has to itself on the servers of the run; `testScope` makes one. */
interface Scope {
  readonly natsUrl: string;
  readonly subjectPrefix: string;
  readonly logger: Logger;
  readonly environment: Readonly<Record<string, string>>;
  cleanUp(): Promise<void>;
}

type Taggings = RequestOf<typeof trainingImageContracts.addTags>;

/** The catalog's part: two projects in every workspace, numbers, news of tags for its images, and tags for them. */
export class StandInForCatalog {
  readonly changes: TagChange[] = [];
  /** What it does before it answers that a change has reached all images; an error is its answer. */
  beforeApplied: () => Promise<void> = () => Promise.resolve();
  /** Tags that were about to become negative ones. */
  readonly reserved: RequestOf<typeof imageContracts.reserveNegativeTag>[] = [];
  /** What it does before it answers that they may; an error is its answer. */
  beforeReserved: () => Promise<void> = () => Promise.resolve();
  readonly taggings: Taggings[] = [];
  /** What it does before it answers that images have got their tags; an error is its answer. */
  beforeTagged: (request: Taggings) => Promise<void> = () => Promise.resolve();
  private lastNumber = 0;

  constructor(private readonly connection: BusConnection) {
    this.answer(projectContracts.resolve, ({ id = LIBRARY }) => {
      if ([LIBRARY, OTHER_PROJECT].includes(id)) return { project: id };
      throw Object.assign(new Error('There is no such project.'), { code: 'NOT_FOUND' });
    });
    this.answer(counterContracts.next, ({ count = 1 }) => ({ first: (this.lastNumber += count) - count + 1 }));
    this.answer(imageContracts.applyTag, async (change) => {
      this.changes.push(change);
      await this.beforeApplied();
      return {};
    });
    this.answer(imageContracts.reserveNegativeTag, async (tag) => {
      this.reserved.push(tag);
      await this.beforeReserved();
      return {};
    });
    this.answer(trainingImageContracts.addTags, async (request) => {
      this.taggings.push(request);
      await this.beforeTagged(request);
      return { statuses: request.taggings.map(() => 'created' as const) };
    });
  }

  private answer<R extends Rpc>(rpc: R, reply: (request: RequestOf<R>) => ResponseOf<R> | Promise<ResponseOf<R>>) {
    const respond = async (request: RequestOf<R>) => {
      try {
        return { ok: true, data: await reply(request) };
      } catch (error) {
        const { code = 'UNAVAILABLE', message, details = {} } = error as Error & { code?: string; details?: object };
        return { ok: false, error: { code, message, details } };
      }
    };
    this.connection.nats.subscribe(this.connection.prefix + rpc.subject, {
      callback: (_error, message) => {
        void respond(message.json()).then((answer) => message.respond(JSON.stringify(answer)));
      },
    });
  }
}

export interface StartedTagging {
  readonly app: INestMicroservice;
  readonly connection: BusConnection;
  readonly catalog: StandInForCatalog;
  /** In the workspace `w1`, unless told otherwise. */
  call<R extends Rpc>(rpc: R, request: RequestOf<R>, workspace?: string): Promise<ResponseOf<R>>;
  ensure(names: readonly string[], where?: { workspace?: string; projectId?: string }): Promise<TagReference[]>;
  /** Another instance on the same database and bus. */
  startAnother(): Promise<INestMicroservice>;
  stop(): Promise<void>;
}

/** Tagging on a bus without other services. Stopping it ends the scope too. */
export async function startTagging(scope: Scope): Promise<StartedTagging> {
  const { natsUrl: url, subjectPrefix: prefix, logger } = scope;
  const connection = await connectBus({ url, prefix, name: 'test', logger });
  const bus = new Bus(connection);
  const catalog = new StandInForCatalog(connection);
  const apps: INestMicroservice[] = [];
  const startAnother = async () => {
    const app = await createService(taggingService, readConfig(taggingService.config, scope.environment), logger);
    await app.listen();
    apps.push(app);
    return app;
  };
  const call = <R extends Rpc>(rpc: R, request: RequestOf<R>, workspace = 'w1') =>
    bus.call(rpc, request, { context: { workspace, traceId: 't', actor: 'ann' } });
  return {
    app: await startAnother(),
    connection,
    catalog,
    call,
    ensure: async (names, { workspace, projectId } = {}) =>
      (await call(tagContracts.ensure, { names: [...names], ...(projectId ? { projectId } : {}) }, workspace)).tags,
    startAnother,
    stop: async () => {
      for (const app of apps) await app.close();
      await connection.nats.close();
      await scope.cleanUp();
    },
  };
}
