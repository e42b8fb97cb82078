import type { BlobStore } from '@pentaprism/blob-store';
import { DatabaseModule, Transactions } from '@pentaprism/database';
import { BLOB_STORE, BlobStoreModule, type ServiceDefinition } from '@pentaprism/service';
import { trainingIngestConfig } from './config.js';
import { TrainingIngestModule } from './training-ingest.module.js';

/** Training-ingest: everything that comes in, and the sessions of modalities that it may come from. */
export const trainingIngestService: ServiceDefinition<typeof trainingIngestConfig> = {
  name: 'training-ingest',
  config: trainingIngestConfig,
  imports: (config) => [
    DatabaseModule.forRoot(config.MONGODB_URI),
    BlobStoreModule.forConfig(config, { hotCacheBytes: 0 }),
    TrainingIngestModule.register(config),
  ],
  // Not the modality: a device that is switched off must not take uploads away.
  probes: (app) => ({
    mongodb: () => app.get(Transactions).ping(),
    'blob store': () => app.get<BlobStore>(BLOB_STORE, { strict: false }).checkWritable(),
  }),
};
