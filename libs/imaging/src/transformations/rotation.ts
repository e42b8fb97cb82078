import type { Geometry } from './transform.js';

/** Clockwise about the middle. */
export const rotation: Geometry<'rotation'> = {
  kind: 'geometry',
  map: ({ degrees }) => {
    const radians = (degrees * Math.PI) / 180;
    const [sine, cosine] = [Math.sin(radians), Math.cos(radians)];
    return { a: cosine, b: -sine, c: sine, d: cosine, tx: 0, ty: 0 };
  },
};
