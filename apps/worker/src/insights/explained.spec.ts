import { describe, expect, it } from '@jest/globals';
import { explained } from './explained.js';

const weights = { size: 2, perOutput: [Float32Array.of(1, 2), Float32Array.of(0.5, -1)] };

describe('explained', () => {
  it('shows of two classes what speaks for the predicted one and not for the other', () => {
    expect(explained(weights, 'binary', 0)).toEqual({ weights: Float32Array.of(0.5, 3), part: 'positive' });
    expect(explained(weights, 'binary', 1)).toEqual({ weights: Float32Array.of(-0.5, -3), part: 'positive' });
  });

  it.each(['multiclass', 'multilabel'] as const)('shows what speaks for a class of a %s target', (type) => {
    expect(explained(weights, type, 1)).toEqual({ weights: Float32Array.of(0.5, -1), part: 'positive' });
  });

  it('shows the size of the contributions to a number', () => {
    expect(explained(weights, 'regression', 0)).toEqual({ weights: Float32Array.of(1, 2), part: 'size' });
  });

  it('refuses a class that the model does not have', () => {
    expect(() => explained(weights, 'multiclass', 2)).toThrow('no such class');
  });
});
