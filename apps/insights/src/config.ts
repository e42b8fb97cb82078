import { busVariables, mongoVariables, queueVariables } from '@pentaprism/config';
import { z } from 'zod';

export const insightsConfig = z.object({ ...busVariables, ...mongoVariables, ...queueVariables });

export type InsightsConfig = z.output<typeof insightsConfig>;
