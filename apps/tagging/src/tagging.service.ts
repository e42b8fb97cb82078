import { busVariables, mongoVariables } from '@pentaprism/config';
import { DatabaseModule, Transactions } from '@pentaprism/database';
import type { ServiceDefinition } from '@pentaprism/service';
import { z } from 'zod';
import { TaggingModule } from './tagging.module.js';

const taggingConfig = z.object({ ...busVariables, ...mongoVariables });

/** Tagging: the names of tags, and finding or making tags by name. */
export const taggingService: ServiceDefinition<typeof taggingConfig> = {
  name: 'tagging',
  config: taggingConfig,
  imports: (config) => [DatabaseModule.forRoot(config.MONGODB_URI), TaggingModule],
  probes: (app) => ({ mongodb: () => app.get(Transactions).ping() }),
};
