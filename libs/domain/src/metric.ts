import type { ColumnType } from './dataset.js';

/** What a model may predict: one of two classes, one of several, any number of labels, or a number. */
export const TARGET_TYPES = ['binary', 'multiclass', 'multilabel', 'regression'] as const;
export type TargetType = (typeof TARGET_TYPES)[number];

/** Distinct values of a numeric column that are taken as classes by default. A column of more is predicted as numbers. */
export const MAX_NUMERIC_CLASSES = 10;
/** Classes of a target. */
export const MAX_TARGET_CLASSES = 1_000;

/** The largest number that is predicted, and the smallest with a minus: metrics square the differences of two. */
export const MAX_TARGET_NUMBER = 1e150;

interface MetricDefinition {
  /** As DataRobot calls it. */
  readonly name: string;
  /** Whether a smaller value is better, so that the best model is the first in ascending order. */
  readonly ascending: boolean;
  readonly targetTypes: readonly TargetType[];
}

/** What models are compared by. The first metric of a target type is its default. */
export const METRICS = [
  { name: 'LogLoss', ascending: true, targetTypes: ['binary', 'multiclass', 'multilabel'] },
  // With more than two classes: the mean over the classes, each against all others.
  { name: 'AUC', ascending: false, targetTypes: ['binary', 'multiclass', 'multilabel'] },
  { name: 'Accuracy', ascending: false, targetTypes: ['binary', 'multiclass'] },
  { name: 'RMSE', ascending: true, targetTypes: ['regression'] },
  { name: 'MAE', ascending: true, targetTypes: ['regression'] },
  { name: 'R Squared', ascending: false, targetTypes: ['regression'] },
] as const satisfies readonly MetricDefinition[];
export type Metric = (typeof METRICS)[number];
export type MetricName = Metric['name'];

/** Returns the metrics of any of the target types, the default one first. */
export function metricsOf(targetTypes: readonly TargetType[]): Metric[] {
  return METRICS.filter((metric) => targetTypes.some((type) => supports(metric, type)));
}

export function supports({ targetTypes }: Metric, type: TargetType): boolean {
  return (targetTypes as readonly TargetType[]).includes(type);
}

/** Returns what a column may be predicted as, the default first. It is empty for a column that cannot be a target. */
export function targetTypesOf(type: ColumnType, uniqueCount: number): TargetType[] {
  if (uniqueCount < 2) return [];
  const classes: TargetType[] = uniqueCount > MAX_TARGET_CLASSES ? [] : [uniqueCount === 2 ? 'binary' : 'multiclass'];
  switch (type) {
    case 'Categorical':
    case 'Boolean':
      return classes;
    case 'Numeric':
      return uniqueCount > MAX_NUMERIC_CLASSES ? ['regression'] : [...classes, 'regression'];
    case 'Multicategorical':
      return ['multilabel'];
    case 'Image':
    case 'Text':
    case 'Date':
      return [];
  }
}

/** Returns what a column may be predicted as if the type is chosen: many numbers are classes, too, such as those of products. */
export function choosableTypesOf(type: ColumnType, uniqueCount: number): TargetType[] {
  const types = targetTypesOf(type, uniqueCount);
  const areManyClasses = type === 'Numeric' && uniqueCount > MAX_NUMERIC_CLASSES && uniqueCount <= MAX_TARGET_CLASSES;
  return areManyClasses ? [...types, 'multiclass'] : types;
}
