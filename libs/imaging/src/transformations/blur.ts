import { sharp } from '../configured-sharp.js';
import { rawInput } from '../raw-image.js';
import { pixelsPerReferencePixel } from './reference-pixels.js';
import type { Filter } from './transform.js';

/** sharp's smallest. */
const MIN_SIGMA = 0.3;

export const blur: Filter<'blur'> = {
  kind: 'filter',
  apply: async ({ filterSize }, image) => {
    // The deviation that OpenCV's getGaussianKernel takes for a filter of this size.
    const sigma = (0.3 * ((filterSize - 1) / 2 - 1) + 0.8) * pixelsPerReferencePixel(image);
    const data = await sharp(image.data, rawInput(image)).blur(Math.max(MIN_SIGMA, sigma)).raw().toBuffer();
    return { ...image, data };
  },
};
