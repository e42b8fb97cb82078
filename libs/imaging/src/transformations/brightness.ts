import { applyToneCurve } from './tone-curve.js';
import type { Filter } from './transform.js';

/** As a longer or shorter exposure: black stays black. */
export const brightness: Filter<'brightness'> = {
  kind: 'filter',
  apply: ({ change }, image) => applyToneCurve(image, (value) => value * (1 + change)),
};
