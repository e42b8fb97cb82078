import type { Dataset, DatasetColumn } from '@pentaprism/contracts';
import { z } from 'zod';
import { columnMembers, toColumnMembers } from './column.js';
import { pagingQuery } from './paging.js';

/** Features of a page if the client does not say. */
const DEFAULT_LIMIT = 100;

/** What features are ordered by, in the words of the original. */
const KEYS = {
  name: ({ name }: DatasetColumn) => name,
  featureType: ({ type }: DatasetColumn) => type,
  id: ({ index }: DatasetColumn) => index,
  unique: ({ uniqueCount }: DatasetColumn) => uniqueCount,
  missing: ({ missingCount }: DatasetColumn) => missingCount,
  min: ({ statistics }: DatasetColumn) => statistics?.min,
  max: ({ statistics }: DatasetColumn) => statistics?.max,
  mean: ({ statistics }: DatasetColumn) => statistics?.mean,
  median: ({ statistics }: DatasetColumn) => statistics?.median,
  stddev: ({ statistics }: DatasetColumn) => statistics?.standardDeviation,
} satisfies Record<string, (column: DatasetColumn) => string | number | undefined>;

type Key = keyof typeof KEYS;
const ascending = Object.keys(KEYS) as Key[];
const orderings = ascending.flatMap((key) => [key, `-${key}`] as const);

export const featuresQuery = z.object({
  orderBy: z.enum(orderings as [Key | `-${Key}`]).default('name'),
  ...pagingQuery(DEFAULT_LIMIT),
});

/** Sorts columns. Those without a value are last, and equal ones are in the order of the table. */
export function sortColumns(columns: readonly DatasetColumn[], orderBy: Key | `-${Key}`): DatasetColumn[] {
  const sign = orderBy.startsWith('-') ? -1 : 1;
  const keyOf = KEYS[orderBy.replace('-', '') as Key];
  return [...columns].sort((a, b) => {
    const [left, right] = [keyOf(a), keyOf(b)];
    if (left === right) return a.index - b.index;
    if (left === undefined || right === undefined) return left === undefined ? 1 : -1;
    return left < right ? -sign : sign;
  });
}

export const featureBody = z
  .object({ datasetId: z.string(), datasetVersionId: z.string(), ...columnMembers })
  .meta({ id: 'DatasetFeature' });

export function toFeatureBody(dataset: Dataset, column: DatasetColumn): z.output<typeof featureBody> {
  const { id, ...members } = toColumnMembers(column);
  return { id, datasetId: dataset.id, datasetVersionId: dataset.versionId, ...members };
}
