import { expect, it } from '@jest/globals';
import { ATTRACTION, indexOf, REPULSION } from './forces.js';

// umap-learn's curve for a minimum distance of 0.1 and a spread of 1, and its gradients.
const [a, b] = [1.5769434603113077, 0.8950608779109733];
const attraction = (squared: number) => (-2 * a * b * squared ** (b - 1)) / (1 + a * squared ** b);
const repulsion = (squared: number) => (2 * b) / ((0.001 + squared) * (1 + a * squared ** b));

it.each([1e-6, 0.0123, 0.5, 0.999, 1, 3, 77, 1234.5])(
  'has both forces at the squared distance %d within 1 %%',
  (squared) => {
    expect(Math.abs((ATTRACTION[indexOf(squared)] as number) / attraction(squared) - 1)).toBeLessThan(0.01);
    expect(Math.abs((REPULSION[indexOf(squared)] as number) / repulsion(squared) - 1)).toBeLessThan(0.01);
  },
);

it.each([0, 1e-38, 1e-12, 1e9, 1e30, Infinity])('has finite forces at the squared distance %d', (squared) => {
  expect(Number.isFinite(ATTRACTION[indexOf(squared)])).toBe(true);
  expect(Number.isFinite(REPULSION[indexOf(squared)])).toBe(true);
});
