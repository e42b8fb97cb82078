import { describe, expect, it } from '@jest/globals';
import { choosableTypesOf, METRICS, metricsOf, TARGET_TYPES, targetTypesOf } from './metric.js';

describe('choosableTypesOf', () => {
  it.each([
    ['Numeric', 10, ['multiclass', 'regression']],
    ['Numeric', 11, ['regression', 'multiclass']],
    ['Numeric', 1_000, ['regression', 'multiclass']],
    ['Numeric', 1_001, ['regression']],
    ['Categorical', 11, ['multiclass']],
    ['Text', 11, []],
  ] as const)('lets a column of type %s with %d values be predicted as %j', (type, values, types) => {
    expect(choosableTypesOf(type, values)).toEqual(types);
  });
});

describe('targetTypesOf', () => {
  it.each([
    ['Categorical', 2, ['binary']],
    ['Categorical', 3, ['multiclass']],
    ['Categorical', 1000, ['multiclass']],
    ['Categorical', 1001, []],
    ['Categorical', 1, []],
    ['Boolean', 2, ['binary']],
    ['Boolean', 1, []],
    ['Numeric', 0, []],
    ['Numeric', 1, []],
    ['Numeric', 2, ['binary', 'regression']],
    ['Numeric', 10, ['multiclass', 'regression']],
    ['Numeric', 11, ['regression']],
    ['Numeric', 5000, ['regression']],
    ['Multicategorical', 3, ['multilabel']],
    ['Image', 3, []],
    ['Text', 3, []],
    ['Date', 3, []],
  ] as const)(
    'says of a column of the type %s with %d values that it may be predicted as %j',
    (type, values, types) => {
      expect(targetTypesOf(type, values)).toEqual(types);
    },
  );
});

describe('metricsOf', () => {
  const names = (...types: Parameters<typeof metricsOf>[0]) => metricsOf(types).map(({ name }) => name);

  it('lists each metric of any of the target types once, the default one first', () => {
    expect(names('binary')).toEqual(['LogLoss', 'AUC', 'Accuracy']);
    expect(names('multilabel')).toEqual(['LogLoss', 'AUC']);
    expect(names('regression')).toEqual(['RMSE', 'MAE', 'R Squared']);
    expect(names('multiclass', 'regression')).toEqual(METRICS.map(({ name }) => name));
    expect(names()).toEqual([]);
  });

  it('has a default for every target type', () => {
    for (const type of TARGET_TYPES) expect(names(type).length).toBeGreaterThan(0);
  });

  it('prefers small values of what measures errors, and large ones of the rest', () => {
    const ascending = METRICS.filter((metric) => metric.ascending).map(({ name }) => name);
    expect(ascending).toEqual(['LogLoss', 'RMSE', 'MAE']);
  });
});
