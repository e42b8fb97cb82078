import { describe, expect, it } from '@jest/globals';
import { TARGET_TYPES } from './metric.js';
import { BLUEPRINTS, blueprintOf, blueprintsFor } from './blueprints.js';

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
});
