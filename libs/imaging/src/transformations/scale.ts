import type { Geometry } from './transform.js';

/** About the middle. */
export const scale: Geometry<'scale'> = {
  kind: 'geometry',
  map: ({ factor }) => ({ a: factor, b: 0, c: 0, d: factor, tx: 0, ty: 0 }),
};
