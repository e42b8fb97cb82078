import type { ImageQuality } from '@pentaprism/domain';
import type { RawImage } from './raw-image.js';

/** Part of the pixels whose gradients are the strongest edges. */
const EDGES = 0.01;
/** Part of the pixels that are darker than the shadows, and brighter than the highlights. */
const EXTREMES = 0.05;
/**
 * Steps of 255 from one pixel to the next that the strongest edges have at least. Gradients that fill an image have up to 1.6,
 * the noise of a flat one 2.2, photos that a Gaussian of 8 pixels has blurred 4.8 and more.
 */
const MIN_EDGE = 3;
/** Transparent pixels hide arbitrary colors: they are measured as gray. */
const BACKDROP = 128;

/**
 * The Laplacian that rounding to whole numbers makes of a smooth image: its standard deviation is 1.3, and the mean of its largest
 * hundredth 3.4.
 */
const ROUNDING = 3.4;
/** Largest absolute value of the Laplacian of 8-bit pixels, and of twice their gradient. */
const MAX_LAPLACIAN = 4 * 255;
const MAX_GRADIENT = Math.ceil(255 * Math.SQRT2);

/**
 * Measures the pixels of an image that fits a thumbnail, in less than 2 ms.
 *
 * Sharpness is the mean Laplacian of the pixels where it is largest, divided by the mean gradient of those where that is
 * largest. For an edge that a Gaussian of σ pixels has blurred, it is proportional to 1/σ, and does not depend on the
 * contrast. The strongest edges only, so that a sharp object before a smooth background is sharp. The variance of the
 * Laplacian, which is common, called most of such images blurred.
 */
export function measureQuality(image: RawImage): ImageQuality {
  const { luma, contrast } = lumaOf(image);
  const histogram = new Uint32Array(256);
  for (const value of luma) histogram[value] = (histogram[value] as number) + 1;
  const count = luma.length;
  return {
    sharpness: rounded(sharpnessOf(luma, image.width, image.height)),
    shadows: rounded(percentile(histogram, count * EXTREMES) / 255),
    highlights: rounded(percentile(histogram, count * (1 - EXTREMES)) / 255),
    contrast: rounded(contrast),
    entropy: rounded(entropyOf(histogram, count)),
  };
}

/** Luma of ITU-R BT.601, and the root of the mean variance of the three channels, as part of 255. */
function lumaOf({ data, channels, width, height }: RawImage): { luma: Uint8Array; contrast: number } {
  const count = width * height;
  const luma = new Uint8Array(count);
  const [sums, squares] = [
    [0, 0, 0],
    [0, 0, 0],
  ] as [number[], number[]];
  for (let i = 0, at = 0; i < count; i++, at += channels) {
    const alpha = channels === 4 ? (data[at + 3] as number) / 255 : 1;
    let weighted = 0;
    for (let channel = 0; channel < 3; channel++) {
      const value = BACKDROP + ((data[at + channel] as number) - BACKDROP) * alpha;
      sums[channel] = (sums[channel] as number) + value;
      squares[channel] = (squares[channel] as number) + value * value;
      weighted += value * (WEIGHTS[channel] as number);
    }
    luma[i] = Math.round(weighted);
  }
  const variances = squares.map((square, channel) => square / count - ((sums[channel] as number) / count) ** 2);
  const variance = variances.reduce((sum, each) => sum + Math.max(0, each), 0) / 3;
  return { luma, contrast: Math.sqrt(variance) / 255 };
}

const WEIGHTS = [0.299, 0.587, 0.114] as const;

/** 0 for an image without an edge, or without a pixel that has four neighbours. */
function sharpnessOf(luma: Uint8Array, width: number, height: number): number {
  const laplacians = new Uint32Array(MAX_LAPLACIAN + 1);
  const gradients = new Uint32Array(MAX_GRADIENT + 1);
  for (let y = 1; y < height - 1; y++)
    for (let i = y * width + 1; i < (y + 1) * width - 1; i++) {
      const [left, right] = [luma[i - 1] as number, luma[i + 1] as number];
      const [above, below] = [luma[i - width] as number, luma[i + width] as number];
      const laplacian = Math.abs(left + right + above + below - 4 * (luma[i] as number));
      const gradient = Math.round(Math.sqrt((right - left) ** 2 + (below - above) ** 2));
      laplacians[laplacian] = (laplacians[laplacian] as number) + 1;
      gradients[gradient] = (gradients[gradient] as number) + 1;
    }
  const count = Math.max(0, width - 2) * Math.max(0, height - 2);
  const strongest = Math.max(1, Math.round(count * EDGES));
  const gradient = meanOfLargest(gradients, strongest) / 2;
  const laplacian = Math.sqrt(Math.max(0, meanOfLargest(laplacians, strongest) ** 2 - ROUNDING ** 2));
  return gradient < MIN_EDGE ? 0 : laplacian / gradient;
}

/** @param histogram how often each number is there @param count of the largest ones */
function meanOfLargest(histogram: Uint32Array, count: number): number {
  let [left, sum] = [count, 0];
  for (let value = histogram.length - 1; value > 0 && left > 0; value--) {
    const taken = Math.min(left, histogram[value] as number);
    sum += taken * value;
    left -= taken;
  }
  return sum / count;
}

/** The least value that at least `rank` numbers do not exceed. */
function percentile(histogram: Uint32Array, rank: number): number {
  let seen = 0;
  for (let value = 0; value < histogram.length; value++) {
    seen += histogram[value] as number;
    if (seen >= rank) return value;
  }
  return histogram.length - 1;
}

function entropyOf(histogram: Uint32Array, count: number): number {
  let bits = 0;
  for (const each of histogram) if (each > 0) bits -= (each / count) * Math.log2(each / count);
  return bits;
}

const rounded = (value: number): number => Math.round(value * 10_000) / 10_000;
