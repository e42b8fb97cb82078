import {
  blobVariables,
  busVariables,
  catalogVariables,
  mongoVariables,
  queueVariables,
  secretVariables,
} from '@pentaprism/config';
import { z } from 'zod';

export const catalogConfig = z.object({
  ...busVariables,
  ...mongoVariables,
  ...queueVariables,
  ...blobVariables,
  ...secretVariables,
  ...catalogVariables,
});

export type CatalogConfig = z.output<typeof catalogConfig>;

/** Nest's token for the configuration. */
export const CATALOG_CONFIG = Symbol('CatalogConfig');
