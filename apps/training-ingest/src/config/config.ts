import { APP_SETTINGS } from '@pentaprism/config';
import { z } from 'zod';

export const trainingIngestConfig = z
  .object(APP_SETTINGS['training-ingest'])
  .refine(({ MODALITY_API_USER, MODALITY_API_PASSWORD }) => MODALITY_API_USER !== undefined || !MODALITY_API_PASSWORD, {
    path: ['MODALITY_API_USER'],
    message: 'has to be set where MODALITY_API_PASSWORD is',
  });

export type TrainingIngestConfig = z.output<typeof trainingIngestConfig>;

/** Nest's token for the `TrainingIngestConfig`. */
export const TRAINING_INGEST_CONFIG = Symbol('TrainingIngestConfig');
