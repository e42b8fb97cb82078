import type { INestMicroservice, Type } from '@nestjs/common';
import { FileBlobStore } from '@pentaprism/blob-store';
import { Bus, connectBus, type BusConnection } from '@pentaprism/bus';
import { readConfig } from '@pentaprism/config';
import { createService, type ServiceDefinition } from '@pentaprism/service';
import { testScope, type TestScope } from '@pentaprism/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { OWNER_KEY } from './requests.js';

/** The workspace of calls. */
export const WORKSPACE = 'default';

/** Services that run in this process, with servers and a blob store of their own. */
export class RunningServices {
  private constructor(
    readonly scope: TestScope,
    readonly blobs: FileBlobStore,
    private readonly directory: string,
    private readonly apps: ReadonlyMap<unknown, INestMicroservice>,
    private readonly connection: BusConnection,
    readonly bus: Bus,
  ) {}

  /** Starts services in this order. The catalog goes first, because others call it while they start. */
  static async start(name: string, definitions: readonly unknown[]): Promise<RunningServices> {
    const scope = testScope(name);
    const directory = await mkdtemp(path.join(tmpdir(), `pentaprism-${name}-`));
    const blobs = await FileBlobStore.open(directory);
    const environment = {
      ...scope.environment,
      BLOB_URL: pathToFileURL(directory).href,
      PENTAPRISM_OWNER_KEY: OWNER_KEY,
      SIGNING_SECRETS: 'a secret of the contract tests that is long enough',
    };
    const apps = new Map<unknown, INestMicroservice>();
    for (const definition of definitions) {
      const service = definition as ServiceDefinition<never>;
      const app = await createService(service, readConfig(service.config, environment) as never, scope.logger);
      await app.listen();
      apps.set(definition, app);
    }
    const { natsUrl: url, subjectPrefix: prefix, logger } = scope;
    const connection = await connectBus({ url, prefix, name, logger });
    return new RunningServices(scope, blobs, directory, apps, connection, new Bus(connection));
  }

  readonly call: Bus['call'] = (rpc, request) =>
    this.bus.call(rpc, request, { context: { workspace: WORKSPACE, actor: 'contracts' } });

  /** Returns a provider of a service, to do at once what the service does at times. */
  get<T>(definition: unknown, provider: Type<T>): T {
    const app = this.apps.get(definition);
    if (!app) throw new Error('the service was not started');
    return app.get(provider, { strict: false });
  }

  async stop(): Promise<void> {
    for (const app of [...this.apps.values()].reverse()) await app.close();
    await this.connection.nats.close();
    await this.scope.cleanUp();
    await rm(this.directory, { recursive: true });
  }
}
