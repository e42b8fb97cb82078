import { busVariables, mongoVariables } from '@pentaprism/config';
import { DatabaseModule, Transactions } from '@pentaprism/database';
import type { ServiceDefinition } from '@pentaprism/service';
import { z } from 'zod';

const insightsConfig = z.object({ ...busVariables, ...mongoVariables });

/** Insights will own what is computed about images (embeddings, projections, maps); today it answers for its health. */
export const insightsService: ServiceDefinition<typeof insightsConfig> = {
  name: 'insights',
  config: insightsConfig,
  imports: (config) => [DatabaseModule.forRoot(config.MONGODB_URI)],
  probes: (app) => ({ mongodb: () => app.get(Transactions).ping() }),
};
