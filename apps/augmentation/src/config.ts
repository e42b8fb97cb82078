import { APP_SETTINGS } from '@pentaprism/config';
import { z } from 'zod';

export const augmentationConfig = z.object(APP_SETTINGS.augmentation);

export type AugmentationConfig = z.output<typeof augmentationConfig>;

/** Nest's token for the `AugmentationConfig`. */
export const AUGMENTATION_CONFIG = Symbol('AugmentationConfig');
