import {
  blobVariables,
  busVariables,
  catalogVariables,
  mongoVariables,
  queueVariables,
  secretVariables,
} from '@pentaprism/config';
import { z } from 'zod';

/**
 * Seconds: much longer than an upload takes from its last byte to its record (5 s). Below that, bytes that are there
 * already could be collected between the two. Bytes that were to live for a while only wait no longer than this.
 */
export const SHORTEST_BLOB_GRACE = 60;

export const catalogConfig = z.object({
  ...busVariables,
  ...mongoVariables,
  ...queueVariables,
  ...blobVariables,
  ...secretVariables,
  ...catalogVariables,
  BLOB_GRACE: catalogVariables.BLOB_GRACE.pipe(
    z.number().min(SHORTEST_BLOB_GRACE, `must be at least ${SHORTEST_BLOB_GRACE}`),
  ),
});

export type CatalogConfig = z.output<typeof catalogConfig>;

/** Nest's token for the configuration. */
export const CATALOG_CONFIG = Symbol('CatalogConfig');
