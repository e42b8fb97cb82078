import { DatabaseModule, OutboxModule, Transactions } from '@pentaprism/database';
import { JobQueue } from '@pentaprism/jobs';
import type { BlobStore } from '@pentaprism/blob-store';
import { BLOB_STORE, BlobStoreModule, type ServiceDefinition } from '@pentaprism/service';
import { CatalogModule } from './catalog.module.js';
import { catalogConfig } from './config/config.js';

/** The catalog: workspaces, API keys, projects, images and contents; look-ups, deletion and blob garbage collection. */
export const catalogService: ServiceDefinition<typeof catalogConfig> = {
  name: 'catalog',
  config: catalogConfig,
  imports: (config) => [
    DatabaseModule.forRoot(config.MONGODB_URI),
    OutboxModule.forService('catalog'),
    BlobStoreModule.forConfig(config, { hotCacheBytes: 0 }),
    CatalogModule.register(config),
  ],
  probes: (app) => ({
    mongodb: () => app.get(Transactions).ping(),
    valkey: () => app.get(JobQueue, { strict: false }).measure(),
    'blob store': () => app.get<BlobStore>(BLOB_STORE, { strict: false }).checkWritable(),
  }),
};
