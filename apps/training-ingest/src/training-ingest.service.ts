import type { BlobStore } from '@pentaprism/blob-store';
import { DatabaseModule, OutboxModule, Transactions } from '@pentaprism/database';
import { JobQueue } from '@pentaprism/jobs';
import { BLOB_STORE, BlobStoreModule, type ServiceDefinition } from '@pentaprism/service';
import { trainingIngestConfig } from './config/config.js';
import { TrainingIngestModule } from './training-ingest.module.js';

/** Training-ingest: everything that comes in, the sessions of modalities that it may come from, and models. */
export const trainingIngestService: ServiceDefinition<typeof trainingIngestConfig> = {
  name: 'training-ingest',
  config: trainingIngestConfig,
  imports: (config) => [
    DatabaseModule.forRoot(config.MONGODB_URI),
    OutboxModule.forService('training-ingest'),
    BlobStoreModule.forConfig(config, { hotCacheBytes: 0 }),
    TrainingIngestModule.register(config),
  ],
  // Not the modality: a device that is switched off must not take uploads away.
  probes: (app) => ({
    mongodb: () => app.get(Transactions).ping(),
    valkey: () => app.get(JobQueue, { strict: false }).measure(),
    'blob store': () => app.get<BlobStore>(BLOB_STORE, { strict: false }).checkWritable(),
  }),
};
