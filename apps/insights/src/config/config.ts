import { APP_SETTINGS } from '@pentaprism/config';
import { z } from 'zod';

export const insightsConfig = z.object(APP_SETTINGS.insights);

export type InsightsConfig = z.output<typeof insightsConfig>;

/** Nest's token for the `InsightsConfig`. */
export const INSIGHTS_CONFIG = Symbol('InsightsConfig');
