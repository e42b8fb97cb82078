import type { DatasetColumn } from '@pentaprism/contracts';
import { COLUMN_TYPES } from '@pentaprism/domain';
import { z } from 'zod';

/** What a feature of a dataset and one of a project have in common. */
export const columnMembers = {
  id: z.int(),
  name: z.string(),
  featureType: z.enum(COLUMN_TYPES),
  lowInformation: z.boolean(),
  uniqueCount: z.int(),
  naCount: z.int(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  mean: z.number().nullable(),
  median: z.number().nullable(),
  stdDev: z.number().nullable(),
  dateFormat: z.string().nullable(),
  timeSeriesEligible: z.boolean(),
  timeSeriesEligibilityReason: z.string(),
  timeStep: z.int().nullable(),
  timeUnit: z.string().nullable(),
  targetLeakage: z.string(),
};

/** Time series are not served: no feature is eligible. */
export function toColumnMembers(column: DatasetColumn) {
  const { index, name, type, lowInformation, uniqueCount, missingCount, statistics } = column;
  return {
    id: index,
    name,
    featureType: type,
    lowInformation,
    uniqueCount,
    naCount: missingCount,
    min: statistics?.min ?? null,
    max: statistics?.max ?? null,
    mean: statistics?.mean ?? null,
    median: statistics?.median ?? null,
    stdDev: statistics?.standardDeviation ?? null,
    dateFormat: null,
    timeSeriesEligible: false,
    timeSeriesEligibilityReason: 'notSupported',
    timeStep: null,
    timeUnit: null,
    targetLeakage: 'SKIPPED_DETECTION',
  };
}
