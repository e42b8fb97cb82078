import { IDENTITY } from '../affine.js';
import type { Geometry } from './transform.js';

export const horizontalFlip: Geometry<'horizontal_flip'> = { kind: 'geometry', map: () => ({ ...IDENTITY, a: -1 }) };

export const verticalFlip: Geometry<'vertical_flip'> = { kind: 'geometry', map: () => ({ ...IDENTITY, d: -1 }) };
