import type { BlobStore } from '@pentaprism/blob-store';
import { DatabaseModule, OutboxModule, Transactions } from '@pentaprism/database';
import { JobQueue } from '@pentaprism/jobs';
import { BLOB_STORE, BlobStoreModule, type ServiceDefinition } from '@pentaprism/service';
import { insightsConfig } from './config/config.js';
import { InsightsModule } from './insights.module.js';

/** Insights: what is computed about images. Their embeddings, where they lie in a plane, and activation maps. */
export const insightsService: ServiceDefinition<typeof insightsConfig> = {
  name: 'insights',
  config: insightsConfig,
  imports: (config) => [
    DatabaseModule.forRoot(config.MONGODB_URI),
    OutboxModule.forService('insights'),
    BlobStoreModule.forConfig(config, { hotCacheBytes: 0 }),
    InsightsModule.register(config),
  ],
  probes: (app) => ({
    mongodb: () => app.get(Transactions).ping(),
    valkey: () => app.get(JobQueue, { strict: false }).measure(),
    'blob store': () => app.get<BlobStore>(BLOB_STORE, { strict: false }).checkWritable(),
  }),
};
