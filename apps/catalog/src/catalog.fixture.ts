import { jest } from '@jest/globals';
import type { INestMicroservice } from '@nestjs/common';
import { Bus, connectBus } from '@pentaprism/bus';
import { readConfig } from '@pentaprism/config';
import { apiKeyContracts, type RequestOf, type ResponseOf, type Rpc } from '@pentaprism/contracts';
import type { Logger } from '@pentaprism/observability';
import { createService } from '@pentaprism/service';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { catalogService } from './catalog.service.js';
import { catalogConfig, type CatalogConfig } from './config/config.js';

export const OWNER_KEY = 'first.0123456789abcdef0123456789abcdef';

/** What a suite has to itself on the servers of the run; `testScope` makes one. */
interface Scope {
  readonly natsUrl: string;
  readonly subjectPrefix: string;
  readonly logger: Logger;
  readonly environment: Readonly<Record<string, string>>;
  cleanUp(): Promise<void>;
}

export interface StartedCatalog {
  readonly app: INestMicroservice;
  readonly config: CatalogConfig;
  /** As the actor `ann`. */
  call<R extends Rpc>(rpc: R, request: RequestOf<R>, workspace: string): Promise<ResponseOf<R>>;
  /** @returns the name of a new one, which has one key, `owner` */
  makeWorkspace(): Promise<string>;
  stop(): Promise<void>;
}

/** A catalog with a blob store of its own; its end is that of the scope, too. */
export async function startCatalog(scope: Scope): Promise<StartedCatalog> {
  const directory = await mkdtemp(join(tmpdir(), 'catalog-'));
  const config = readConfig(catalogConfig, {
    ...scope.environment,
    BLOB_URL: pathToFileURL(directory).href,
    PENTAPRISM_OWNER_KEY: OWNER_KEY,
    SIGNING_SECRETS: 's'.repeat(32),
  });
  const { natsUrl, subjectPrefix, logger } = scope;
  const connection = await connectBus({ url: natsUrl, prefix: subjectPrefix, name: 'test', logger });
  const bus = new Bus(connection);
  const app = await createService(catalogService, config, logger);
  await app.listen();
  const call = <R extends Rpc>(rpc: R, request: RequestOf<R>, workspace: string) =>
    bus.call(rpc, request, { context: { workspace, traceId: 't', actor: 'ann' } });
  return {
    app,
    config,
    call,
    makeWorkspace: async () => {
      const name = `w-${randomBytes(4).toString('hex')}`;
      await call(apiKeyContracts.create, { name: 'owner', role: 'owner', workspace: name }, 'default');
      return name;
    },
    stop: async () => {
      await app.close();
      await connection.nats.close();
      await scope.cleanUp();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Sets the clock and nothing else: everything goes on running. `jest.useRealTimers` takes it back. */
export function setClock(now: number): void {
  jest.useFakeTimers({
    now,
    doNotFake: [
      'clearImmediate',
      'clearInterval',
      'clearTimeout',
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'setImmediate',
      'setInterval',
      'setTimeout',
    ],
  });
}
