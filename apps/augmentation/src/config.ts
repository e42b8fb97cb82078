import { blobVariables, busVariables, mongoVariables, queueVariables } from '@pentaprism/config';
import { z } from 'zod';

export const augmentationConfig = z.object({
  ...busVariables,
  ...mongoVariables,
  ...queueVariables,
  ...blobVariables,
});

export type AugmentationConfig = z.output<typeof augmentationConfig>;
