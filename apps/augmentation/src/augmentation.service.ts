import type { BlobStore } from '@pentaprism/blob-store';
import { DatabaseModule, OutboxModule, Transactions } from '@pentaprism/database';
import { JobQueue } from '@pentaprism/jobs';
import { BLOB_STORE, BlobStoreModule, type ServiceDefinition } from '@pentaprism/service';
import { AugmentationModule } from './augmentation.module.js';
import { augmentationConfig } from './config.js';

/** Augmentation: lists of settings, the jobs that make samples with them, and the samples. */
export const augmentationService: ServiceDefinition<typeof augmentationConfig> = {
  name: 'augmentation',
  config: augmentationConfig,
  imports: (config) => [
    DatabaseModule.forRoot(config.MONGODB_URI),
    OutboxModule.forService('augmentation'),
    BlobStoreModule.forConfig(config, { hotCacheBytes: 0 }),
    AugmentationModule.register(config),
  ],
  probes: (app) => ({
    mongodb: () => app.get(Transactions).ping(),
    valkey: () => app.get(JobQueue, { strict: false }).measure(),
    'blob store': () => app.get<BlobStore>(BLOB_STORE, { strict: false }).checkWritable(),
  }),
};
