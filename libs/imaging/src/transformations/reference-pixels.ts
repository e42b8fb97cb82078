import { REFERENCE_SIDE } from '@pentaprism/domain';
import type { RawImage } from '../raw-image.js';

/** Pixels of this image per reference pixel, in which parameters are given. */
export function pixelsPerReferencePixel({ width, height }: RawImage): number {
  return Math.max(width, height) / REFERENCE_SIDE;
}
