import { describe, expect, it } from '@jest/globals';
import { TARGET_TYPES } from './metric.js';
import { BLUEPRINTS, blueprintOf, blueprintsFor, describeModels } from './blueprints.js';

describe('blueprints', () => {
  it.each(TARGET_TYPES)(
    'at least two fit a %s target of a table with images only, one of them by Keras',
    (targetType) => {
      const found = blueprintsFor({ targetType, hasAugmentation: false, hasOtherColumns: false });
      expect(found.length).toBeGreaterThanOrEqual(2);
      expect(found.filter(({ modelType }) => modelType.includes('Keras')).length).toBeGreaterThanOrEqual(1);
      expect(found.every(({ needs }) => needs === 'nothing')).toBe(true);
    },
  );

  it.each(TARGET_TYPES)(
    'use an augmentation list and other columns for a %s target where there are any',
    (targetType) => {
      const found = blueprintsFor({ targetType, hasAugmentation: true, hasOtherColumns: true });
      expect(new Set(found.map(({ needs }) => needs))).toEqual(new Set(['nothing', 'augmentation', 'otherColumns']));
    },
  );

  it('have ids and model types of their own', () => {
    expect(new Set(BLUEPRINTS.map(({ id }) => id)).size).toBe(BLUEPRINTS.length);
    expect(new Set(BLUEPRINTS.map(({ modelType }) => modelType)).size).toBe(BLUEPRINTS.length);
    expect(blueprintOf('ridge-regressor')).toMatchObject({ method: 'ridge' });
    expect(blueprintOf('unknown')).toBeUndefined();
  });

  it.each(TARGET_TYPES)('name no images in models of a %s target of a table without image columns', (targetType) => {
    const found = blueprintsFor({ targetType, hasAugmentation: false, hasOtherColumns: false });
    const described = found.map((blueprint) => describeModels(blueprint, 0));
    for (const text of described.flatMap(({ modelType, processes }) => [modelType, ...processes]))
      expect(text).not.toMatch(/image|EfficientNet/i);
    expect(new Set(described.map(({ modelType }) => modelType)).size).toBe(found.length);
    expect(described.every(({ processes }) => processes[0] === 'One-Hot Encoding')).toBe(true);
    for (const blueprint of found)
      expect(describeModels(blueprint, 1)).toEqual({ modelType: blueprint.modelType, processes: blueprint.processes });
  });
});
