import type { DatasetColumn } from '@pentaprism/contracts';
import { metricsOf, supports, targetTypesOf, type Metric } from '@pentaprism/domain';
import { z } from 'zod';
import { columnMembers, toColumnMembers } from './column.js';

export const projectFeatureBody = z
  .object({
    projectId: z.string(),
    ...columnMembers,
    /** Of a feature for the target: null, because it is not computed. */
    importance: z.number().nullable(),
  })
  .meta({ id: 'Feature' });

export function toProjectFeatureBody(projectId: string, column: DatasetColumn): z.output<typeof projectFeatureBody> {
  const { id, ...members } = toColumnMembers(column);
  return { id, projectId, ...members, importance: null };
}

/** Without `featureName`, the path is that of a feature with the name `metrics`. */
export const metricsQuery = z.object({ featureName: z.string().optional() });

const metricBody = z.object({
  metricName: z.string(),
  ascending: z.boolean(),
  supportsBinary: z.boolean(),
  supportsMulticlass: z.boolean(),
  supportsRegression: z.boolean(),
  supportsTimeseries: z.boolean(),
});

export const metricsBody = z
  .object({ featureName: z.string(), availableMetrics: z.array(z.string()), metricDetails: z.array(metricBody) })
  .meta({ id: 'FeatureMetrics' });

/** Lists the metrics of models that predict a column: none for a column that cannot be a target. */
export function toMetricsBody({ name, type, uniqueCount }: DatasetColumn): z.output<typeof metricsBody> {
  const metrics = metricsOf(targetTypesOf(type, uniqueCount));
  return {
    featureName: name,
    availableMetrics: metrics.map((metric) => metric.name),
    metricDetails: metrics.map(toMetricBody),
  };
}

function toMetricBody(metric: Metric): z.output<typeof metricBody> {
  return {
    metricName: metric.name,
    ascending: metric.ascending,
    supportsBinary: supports(metric, 'binary'),
    supportsMulticlass: supports(metric, 'multiclass'),
    supportsRegression: supports(metric, 'regression'),
    supportsTimeseries: false,
  };
}
