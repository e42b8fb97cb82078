import { IDENTITY } from '../affine.js';
import type { Geometry } from './transform.js';

/** By whole pixels, which keeps every pixel as it was where nothing else moves. */
export const shift: Geometry<'shift'> = {
  kind: 'geometry',
  map: ({ x, y }, { width, height }) => ({ ...IDENTITY, tx: Math.round(x * width), ty: Math.round(y * height) }),
};
