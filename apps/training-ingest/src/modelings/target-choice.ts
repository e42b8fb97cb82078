import type { DatasetColumn, ParsedRequestOf, Target, targetContracts } from '@pentaprism/contracts';
import {
  choosableTypesOf,
  DomainError,
  isSameLabel,
  metricsOf,
  predictorKindOf,
  targetTypesOf,
  type MetricName,
  type TargetType,
} from '@pentaprism/domain';

export type TargetRequest = ParsedRequestOf<typeof targetContracts.set>;

/** Returns what is predicted, with defaults for what the request leaves open. Throws INVALID_ARGUMENT. */
export function chooseTarget(columns: readonly DatasetColumn[], request: TargetRequest): Target {
  const column = columns.find(({ name }) => name === request.column);
  if (!column) throw invalid('column', 'The project has no column of this name.');
  const type = chooseType(column, request);
  const metrics = metricsOf([type]).map(({ name }) => name);
  const metric = request.metric === undefined ? metrics[0] : metrics.find((name) => name === request.metric);
  if (metric === undefined)
    throw invalid('metric', `Models of this target are compared by one of: ${metrics.join(', ')}.`);
  checkPositiveClass(column, type, request.positiveClass);
  const canLearn = columns.some(
    ({ name, type: each }) => name !== column.name && (each === 'Image' || predictorKindOf(each) !== null),
  );
  if (!canLearn) throw invalid('column', 'The project has no other column that models can learn from.');
  const { positiveClass = null, mode } = request;
  return { column: column.name, type, metric: metric satisfies MetricName, positiveClass, mode };
}

function chooseType(
  { type, uniqueCount }: DatasetColumn,
  { type: wanted, metric }: Pick<TargetRequest, 'type' | 'metric'>,
): TargetType {
  const possible = targetTypesOf(type, uniqueCount);
  if (possible.length === 0) throw invalid('column', reasonAgainst(type, uniqueCount));
  // Few numbers are classes, unless the metric says otherwise.
  const measured = possible.find((each) => metricsOf([each]).some(({ name }) => name === metric));
  const choosable = choosableTypesOf(type, uniqueCount);
  const chosen = wanted === undefined ? (measured ?? possible[0]) : choosable.find((each) => each === wanted);
  if (chosen === undefined)
    throw invalid('type', `The column can be predicted as ${choosable.join(' or ')}, and not as ${wanted}.`);
  return chosen;
}

/** The job that reads the values checks again: columns of earlier versions, and those of live tables, do not have them. */
function checkPositiveClass({ values }: DatasetColumn, type: TargetType, positiveClass: string | undefined): void {
  if (positiveClass === undefined) return;
  if (type !== 'binary') throw invalid('positiveClass', 'Only a target with two values has a positive class.');
  if (values && !values.some((value) => isSameLabel(value, positiveClass)))
    throw invalid('positiveClass', `The positive class is not a value of the target: ${values.join(' or ')}.`);
}

function reasonAgainst(type: DatasetColumn['type'], uniqueCount: number): string {
  if (type === 'Image' || type === 'Text' || type === 'Date') return `A column of type ${type} cannot be the target.`;
  return uniqueCount < 2
    ? 'A column with fewer than two values cannot be the target.'
    : `The column has ${uniqueCount} classes, which are too many.`;
}

function invalid(field: string, message: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', message, { field });
}
