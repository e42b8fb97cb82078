import { APP_SETTINGS, catalogVariables } from '@pentaprism/config';
import { z } from 'zod';

/**
 * Seconds: much longer than an upload takes from its last byte to its record (5 s). Below that, bytes that are there
 * already could be collected between the two.
 */
const SHORTEST_BLOB_GRACE = 60;

/**
 * Seconds for the bytes of images that were to live for a while only, whatever `BLOB_GRACE` says: as long as a worker may
 * take from a picture that it has stored to its report (65 s), and some more.
 */
export const TRANSIENT_BLOB_GRACE = 90;

export const catalogConfig = z.object({
  ...APP_SETTINGS.catalog,
  BLOB_GRACE: catalogVariables.BLOB_GRACE.pipe(
    z.number().min(SHORTEST_BLOB_GRACE, `must be at least ${SHORTEST_BLOB_GRACE}`),
  ),
});

export type CatalogConfig = z.output<typeof catalogConfig>;

/** Nest's token for the configuration. */
export const CATALOG_CONFIG = Symbol('CatalogConfig');
