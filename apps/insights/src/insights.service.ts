import { DatabaseModule, OutboxModule, Transactions } from '@pentaprism/database';
import { JobQueue } from '@pentaprism/jobs';
import type { ServiceDefinition } from '@pentaprism/service';
import { insightsConfig } from './config.js';
import { InsightsModule } from './insights.module.js';

/** Insights: what is computed about images. Today their embeddings; projections and activation maps will follow. */
export const insightsService: ServiceDefinition<typeof insightsConfig> = {
  name: 'insights',
  config: insightsConfig,
  imports: (config) => [
    DatabaseModule.forRoot(config.MONGODB_URI),
    OutboxModule.forService('insights'),
    InsightsModule.register(config),
  ],
  probes: (app) => ({
    mongodb: () => app.get(Transactions).ping(),
    valkey: () => app.get(JobQueue, { strict: false }).measure(),
  }),
};
