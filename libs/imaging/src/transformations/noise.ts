import { createRandom } from '@pentaprism/domain';
import type { RawImage } from '../raw-image.js';
import type { Filter } from './transform.js';

/** Normal deviates, drawn once: looking one up costs a hundredth of computing one. 2^14, so that 32 random bits choose two. */
const DEVIATES = 2 ** 14;

let normalDeviates: Float64Array | undefined;

/** Independent normal noise for each color value, as of a sensor in little light. Alpha stays. */
export const noise: Filter<'noise'> = {
  kind: 'filter',
  apply: ({ standardDeviation, seed }, image) => {
    const deviates = Int16Array.from((normalDeviates ??= drawDeviates()), (z) =>
      Math.round(z * standardDeviation * 255),
    );
    return { ...image, data: addNoise(image, deviates, seed) };
  },
};

function addNoise({ data: source, channels }: RawImage, deviates: Int16Array, seed: number): Uint8Array {
  // Clamps by itself. Zero is the one state that xorshift never leaves.
  const data = new Uint8ClampedArray(source.length);
  let state = seed | 0 || 1;
  for (let i = 0; i < source.length; i += 2) {
    // xorshift32, G. Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (14), 2003. One step serves two values.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    data[i] = (source[i] as number) + (deviates[state & (DEVIATES - 1)] as number);
    if (i + 1 < source.length) data[i + 1] = (source[i + 1] as number) + (deviates[state >>> 18] as number);
  }
  if (channels === 4) for (let i = 3; i < source.length; i += 4) data[i] = source[i] as number;
  return new Uint8Array(data.buffer);
}

/** By Box and Muller, in pairs of opposite sign, so that noise does not change a picture's mean. */
function drawDeviates(): Float64Array {
  const random = createRandom('noise');
  const deviates = new Float64Array(DEVIATES);
  for (let i = 0; i < DEVIATES; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    deviates[i] = radius * Math.cos(2 * Math.PI * random());
    deviates[i + 1] = -(deviates[i] as number);
  }
  return deviates;
}
