import { busVariables } from '@pentaprism/config';
import type { ServiceDefinition } from '@pentaprism/service';
import { z } from 'zod';
import { TrainingIngestModule } from './training-ingest.module.js';

const trainingIngestConfig = z.object(busVariables);

/** Training-ingest: everything that comes in. */
export const trainingIngestService: ServiceDefinition<typeof trainingIngestConfig> = {
  name: 'training-ingest',
  config: trainingIngestConfig,
  imports: () => [TrainingIngestModule],
};
