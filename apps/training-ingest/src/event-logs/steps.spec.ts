import { describe, expect, it } from '@jest/globals';
import { sortableStep, stepOf } from './steps.js';

describe('sortableStep', () => {
  const steps = [-(2n ** 63n), -(2n ** 32n), -1n, 0n, 1n, 9n, 10n, 9007199254740993n, 2n ** 63n - 1n];

  it('writes all steps of 64 bits so that they can be read again', () => {
    expect(steps.map((step) => stepOf(sortableStep(step)))).toEqual(steps);
  });

  it('writes steps so that their texts have the order of the numbers', () => {
    expect(steps.map(sortableStep).sort()).toEqual(steps.map(sortableStep));
  });
});
