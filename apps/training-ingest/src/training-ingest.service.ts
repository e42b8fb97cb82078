import type { BlobStore } from '@pentaprism/blob-store';
import { BLOB_STORE, type Probes, type ServiceDefinition } from '@pentaprism/service';
import { trainingIngestConfig } from './config.js';
import { ReceiveArrivals } from './usecases/receive-arrivals.usecase.js';
import { TrainingIngestModule } from './training-ingest.module.js';

/** Training-ingest: everything that comes in. */
export const trainingIngestService: ServiceDefinition<typeof trainingIngestConfig> = {
  name: 'training-ingest',
  config: trainingIngestConfig,
  imports: (config) => [TrainingIngestModule.register(config)],
  probes: (app): Probes => {
    if (app.get<ReceiveArrivals | null>(ReceiveArrivals, { strict: false }) === null) return {};
    const blobs = app.get<BlobStore>(BLOB_STORE, { strict: false });
    return { 'blob store': () => blobs.checkWritable() };
  },
};
