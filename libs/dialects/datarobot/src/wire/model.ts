import {
  metricName,
  type Blueprint,
  type ListedCandidate,
  type CandidateMetrics,
  type Modeling,
} from '@pentaprism/contracts';
import { METRICS, type MetricName } from '@pentaprism/domain';
import { queryBoolean } from '@pentaprism/http';
import { z } from 'zod';
import { featurelistOfModels } from './featurelist.js';
import { pagingQuery } from './paging.js';

/** Models of a page of `modelRecords/` if the client does not say. */
const DEFAULT_LIMIT = 100;
/** A difference between two percentages that are the same: clients send rounded ones. */
const SAME_PERCENTAGE = 0.01;

const PARTITIONS = ['validation', 'crossValidation', 'holdout'] as const;

const SORT_KEYS = ['metric', '-metric', 'samplePct', '-samplePct'] as const;

/** Python writes `True` and `False`. */
const starred = z.string().toLowerCase().pipe(queryBoolean);

const part = z.string().max(500);

/** Some keys after another, separated by commas. */
const orderBy = z
  .string()
  .transform((text) => text.split(',').map((key) => key.trim()))
  .pipe(z.array(z.enum(SORT_KEYS)).max(10));

/** `name` is a part of the model's type. No model is starred. */
export const modelsQuery = z.object({
  orderBy: orderBy.optional(),
  name: part.optional(),
  samplePct: z.coerce.number().optional(),
  isStarred: starred.optional(),
  withMetric: metricName.optional(),
});

/** `labels` is a list, separated by commas. */
export const modelRecordsQuery = z.object({
  sortByPartition: z.enum(PARTITIONS).default('validation'),
  sortByMetric: metricName.optional(),
  withMetric: metricName.optional(),
  searchTerm: part.optional(),
  labels: part.optional(),
  ...pagingQuery(DEFAULT_LIMIT),
});

/** Other members have no effect: the blueprint says what a model learns from. */
export const trainBody = z
  .object({ blueprintId: z.string().min(1).max(50), featurelistId: z.string().nullish() })
  .meta({ id: 'ModelCreate' });

const scores = z.object({
  validation: z.number().nullable(),
  crossValidation: z.number().nullable(),
  holdout: z.number().nullable(),
});

export const modelBody = z
  .object({
    id: z.string(),
    projectId: z.string(),
    modelType: z.string(),
    modelCategory: z.string(),
    modelNumber: z.int(),
    modelFamily: z.string(),
    modelFamilyFullName: z.string(),
    blueprintId: z.string(),
    processes: z.array(z.string()),
    /** By metric. */
    metrics: z.record(z.string(), scores),
    featurelistId: z.string(),
    featurelistName: z.string(),
    samplePct: z.number().nullable(),
    trainingRowCount: z.int().nullable(),
    isFrozen: z.boolean(),
    isStarred: z.boolean(),
    /** True: a model learns from the rows of all folds. Its scores of a fold are those of a model that learned from the others. */
    isTrainedIntoValidation: z.boolean(),
    isTrainedIntoHoldout: z.boolean(),
  })
  .meta({ id: 'Model' });
export type ModelBody = z.output<typeof modelBody>;

/** Returns a trained model. Its scores in the hold-out are null until the project's hold-out is unlocked. */
export function toModelBody(candidate: ListedCandidate, modeling: Modeling): ModelBody {
  const { id, projectId, number, blueprint, rowCount } = candidate;
  return {
    id,
    projectId,
    modelType: blueprint.modelType,
    modelCategory: 'model',
    modelNumber: number,
    ...familyOf(blueprint),
    blueprintId: blueprint.id,
    processes: blueprint.processes,
    metrics: toMetrics(candidate.metrics, modeling),
    ...featurelistOfModels(projectId),
    samplePct: percentage(rowCount, modeling.rowCount),
    trainingRowCount: rowCount,
    isFrozen: false,
    isStarred: false,
    isTrainedIntoValidation: true,
    isTrainedIntoHoldout: false,
  };
}

/** The names of families are those of the original. */
function familyOf({ modelType }: Blueprint): Pick<ModelBody, 'modelFamily' | 'modelFamilyFullName'> {
  return /\bkeras\b/i.test(modelType)
    ? { modelFamily: 'KERAS', modelFamilyFullName: 'Keras' }
    : { modelFamily: 'OTHER', modelFamilyFullName: 'Other' };
}

const NO_SCORES = { validation: null, crossValidation: null, holdout: null };

/** Also has the project's metric if there is no score, because clients read it of every model. */
function toMetrics(found: CandidateMetrics, { target, holdoutUnlocked }: Modeling): ModelBody['metrics'] {
  const names = METRICS.map(({ name }) => name).filter((name) => found[name] ?? name === target?.metric);
  return Object.fromEntries(
    names.map((name) => {
      const { validation, crossValidation, holdout } = found[name] ?? NO_SCORES;
      return [name, { validation, crossValidation, holdout: holdoutUnlocked ? holdout : null }];
    }),
  );
}

/** Leaves out the scores by other metrics. Without a metric it returns the model as it is. */
export function withMetricOnly(model: ModelBody, metric: MetricName | undefined): ModelBody {
  if (metric === undefined) return model;
  const scores = model.metrics[metric];
  return { ...model, metrics: scores ? { [metric]: scores } : {} };
}

function percentage(part: number | null, whole: number | null): number | null {
  return part === null || !whole ? null : Math.round((part / whole) * 1e6) / 1e4;
}

/**
 * Returns the models that a query is for, in its order.
 *
 * @param models the best one first
 */
export function selectModels(
  models: readonly ModelBody[],
  { orderBy = ['-metric'], name, samplePct, isStarred = false, withMetric }: z.output<typeof modelsQuery>,
): ModelBody[] {
  const ranks = new Map(models.map(({ id }, i) => [id, i]));
  const valueOf = ({ id, samplePct }: ModelBody, key: string) =>
    key.endsWith('metric') ? -(ranks.get(id) ?? 0) : (samplePct ?? 0);
  const differences = (one: ModelBody, other: ModelBody) =>
    orderBy.map((key) => (valueOf(one, key) - valueOf(other, key)) * (key.startsWith('-') ? -1 : 1));
  return models
    .filter(({ modelType }) => !isStarred && includesText(modelType, name))
    .filter((model) => samplePct === undefined || Math.abs((model.samplePct ?? 0) - samplePct) < SAME_PERCENTAGE)
    .toSorted((one, other) => differences(one, other).find((difference) => difference !== 0) ?? 0)
    .map((model) => withMetricOnly(model, withMetric));
}

/**
 * Returns the models that a query is for, the best one first. Equal ones, and those without a score, stay in their order.
 *
 * @param metric that decides which one is better
 */
export function selectRecords(
  models: readonly ModelBody[],
  { sortByPartition, searchTerm, labels = '', withMetric }: z.output<typeof modelRecordsQuery>,
  metric: MetricName,
): ModelBody[] {
  const isStarred = labels.split(',').includes('starred');
  const ascending = METRICS.some((each) => each.name === metric && each.ascending);
  const scoreOf = ({ metrics }: ModelBody) => metrics[metric]?.[sortByPartition] ?? null;
  return models
    .filter(({ modelType }) => !isStarred && includesText(modelType, searchTerm))
    .toSorted((one, other) => compareScores(scoreOf(one), scoreOf(other), ascending))
    .map((model) => withMetricOnly(model, withMetric));
}

/** Orders the better score first, and null last. */
function compareScores(one: number | null, other: number | null, ascending: boolean): number {
  if (one === null || other === null) return Number(one === null) - Number(other === null);
  return ascending ? one - other : other - one;
}

function includesText(text: string, wanted = ''): boolean {
  return text.toLowerCase().includes(wanted.toLowerCase());
}

export const recommendedModelBody = z
  .object({ projectId: z.string(), modelId: z.string(), recommendationType: z.string() })
  .meta({ id: 'RecommendedModel' });

export function toRecommendedModelBody({ id, projectId }: ListedCandidate): z.output<typeof recommendedModelBody> {
  return { projectId, modelId: id, recommendationType: 'Recommended for Deployment' };
}

export const blueprintBody = z
  .object({
    id: z.string(),
    projectId: z.string(),
    modelType: z.string(),
    processes: z.array(z.string()),
    blueprintCategory: z.string(),
    supportsMonotonicConstraints: z.boolean(),
  })
  .meta({ id: 'Blueprint' });

export function toBlueprintBody(projectId: string, { id, modelType, processes }: Blueprint) {
  const fixed = { blueprintCategory: 'DataRobot', supportsMonotonicConstraints: false };
  return { id, projectId, modelType, processes, ...fixed };
}
