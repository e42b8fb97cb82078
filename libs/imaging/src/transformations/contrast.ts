import type { RawImage } from '../raw-image.js';
import { applyToneCurve } from './tone-curve.js';
import type { Filter } from './transform.js';

/** Away from the picture's mean, or towards it: its brightness as a whole stays. */
export const contrast: Filter<'contrast'> = {
  kind: 'filter',
  apply: ({ change }, image) => {
    const mean = meanValue(image);
    return applyToneCurve(image, (value) => mean + (value - mean) * (1 + change));
  },
};

/** Of all color values, each weighing as much as it is opaque; middle gray where nothing is. */
function meanValue({ data, channels }: RawImage): number {
  let [sum, weights] = [0, 0];
  for (let i = 0; i < data.length; i += channels) {
    const weight = channels === 4 ? (data[i + 3] as number) : 1;
    sum += ((data[i] as number) + (data[i + 1] as number) + (data[i + 2] as number)) * weight;
    weights += weight;
  }
  return weights === 0 ? 128 : sum / (3 * weights);
}
