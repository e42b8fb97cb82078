import { APP_SETTINGS } from '@pentaprism/config';
import { DatabaseModule, OutboxModule, Transactions } from '@pentaprism/database';
import type { ServiceDefinition } from '@pentaprism/service';
import { z } from 'zod';
import { TaggingModule } from './tagging.module.js';

const taggingConfig = z.object(APP_SETTINGS.tagging);

/** Tagging: tags and their names; finding, making, renaming and deleting them; what searches by name mean. */
export const taggingService: ServiceDefinition<typeof taggingConfig> = {
  name: 'tagging',
  config: taggingConfig,
  imports: (config) => [DatabaseModule.forRoot(config.MONGODB_URI), OutboxModule.forService('tagging'), TaggingModule],
  probes: (app) => ({ mongodb: () => app.get(Transactions).ping() }),
};
