import * as config from '@pentaprism/config';
import { readConfig, type Environment } from '@pentaprism/config';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { z } from 'zod';
import { augmentationService } from '../../../apps/augmentation/src/augmentation.service.js';
import { catalogService } from '../../../apps/catalog/src/catalog.service.js';
import { gatewayConfig } from '../../../apps/gateway/src/config.js';
import { insightsService } from '../../../apps/insights/src/insights.service.js';
import { taggingService } from '../../../apps/tagging/src/tagging.service.js';
import { trainingIngestService } from '../../../apps/training-ingest/src/training-ingest.service.js';
import { workerService } from '../../../apps/worker/src/worker.service.js';
import { REPOSITORY } from './tools.js';

export const APPS: readonly string[] = readdirSync(path.join(REPOSITORY, 'apps')).sort();

/** What each app reads from its environment. */
const CONFIGURATIONS: Readonly<Record<string, z.ZodType>> = {
  augmentation: augmentationService.config,
  catalog: catalogService.config,
  gateway: gatewayConfig,
  insights: insightsService.config,
  tagging: taggingService.config,
  'training-ingest': trainingIngestService.config,
  worker: workerService.config,
};

/** Read by the libraries that we use, not by us. */
const OF_LIBRARIES = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];

/** Every variable that the product knows. */
const VARIABLES = new Set([
  ...Object.entries(config)
    .filter(([name]) => name.endsWith('Variables'))
    .flatMap(([, variables]) => Object.keys(variables)),
  ...OF_LIBRARIES,
]);

/** Names in an environment that no app reads: misspelled, or of another version. */
export function unknownVariables(environment: Environment): string[] {
  return Object.keys(environment).filter((name) => !VARIABLES.has(name));
}

/** What the app makes of its environment. @throws DomainError naming what is missing or wrong */
export function configurationOf(app: string, environment: Environment): Record<string, unknown> {
  const schema = CONFIGURATIONS[app];
  if (!schema) throw new Error(`no configuration is known of ${app}: add it here`);
  return readConfig(schema, environment) as Record<string, unknown>;
}

/** Long enough for every rule about secrets. */
export const ANY_SECRET = 'a-secret-of-the-tests.0123456789abcdef0123456789abcdef';

/** Returns whether an image is named by its digest or by the tag of one exact version. */
export function isPinned(image: string): boolean {
  return /@sha256:[0-9a-f]{64}$/.test(image) || /^[^:@]+:\d+\.\d+\.\d+(?:-[^:@]+)?$/.test(image);
}
