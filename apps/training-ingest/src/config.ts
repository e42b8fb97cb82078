import { blobVariables, busVariables, uploadVariables } from '@pentaprism/config';
import { z } from 'zod';

export const trainingIngestConfig = z.object({
  ...busVariables,
  ...blobVariables,
  ...uploadVariables,
  /** Only a store that clients reach themselves is of interest here. */
  BLOB_URL: blobVariables.BLOB_URL.optional(),
});

export type TrainingIngestConfig = z.output<typeof trainingIngestConfig>;

/** Whether clients put files past the gateway, into the storage itself. */
export function hasArrivals(config: TrainingIngestConfig): config is TrainingIngestConfig & { BLOB_URL: string } {
  return config.BLOB_URL?.startsWith('s3:') ?? false;
}
