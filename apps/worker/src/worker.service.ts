import { getQueueToken } from '@nestjs/bullmq';
import type { BlobStore } from '@pentaprism/blob-store';
import { APP_SETTINGS } from '@pentaprism/config';
import { QUEUES } from '@pentaprism/contracts';
import { BLOB_STORE, BlobStoreModule, type ServiceDefinition } from '@pentaprism/service';
import type { Queue } from 'bullmq';
import { z } from 'zod';
import { WorkerModule } from './worker.module.js';

export const workerConfig = z.object(APP_SETTINGS.worker);

/** The worker: takes jobs from the queues, and reports to the services that own them. */
export const workerService: ServiceDefinition<typeof workerConfig> = {
  name: 'worker',
  config: workerConfig,
  imports: (config) => [BlobStoreModule.forConfig(config, { hotCacheBytes: 0 }), WorkerModule.register(config)],
  probes: (app) => ({
    valkey: () => app.get<Queue>(getQueueToken(QUEUES[0]), { strict: false }).getJobCounts(),
    'blob store': () => app.get<BlobStore>(BLOB_STORE, { strict: false }).checkWritable(),
  }),
};
