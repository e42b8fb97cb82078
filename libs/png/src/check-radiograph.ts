import { MAX_RADIOGRAPH_PIXELS } from '@pentaprism/domain';
import { checkGrayscalePng } from './check-grayscale-png.js';

/** As `checkGrayscalePng`, with the limits of what counts as a radiograph, wherever it comes from. */
export function checkRadiograph(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  return checkGrayscalePng(source, { maxPixels: MAX_RADIOGRAPH_PIXELS });
}
