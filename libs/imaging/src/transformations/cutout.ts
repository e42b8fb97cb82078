import type { CutoutHole } from '@pentaprism/domain';
import type { RawImage } from '../raw-image.js';
import { pixelsPerReferencePixel } from './reference-pixels.js';
import type { Filter } from './transform.js';

/** Black rectangles, of at least one pixel; those near the border are cut off by it. */
export const cutout: Filter<'cutout'> = {
  kind: 'filter',
  apply: ({ holes }, image) => {
    const data = Uint8Array.from(image.data);
    for (const hole of holes) blacken(data, image, hole);
    return { ...image, data };
  },
};

function blacken(data: Uint8Array, image: RawImage, hole: CutoutHole): void {
  const { width, height, channels } = image;
  const unit = pixelsPerReferencePixel(image);
  const [left, right] = span(hole.centerX, hole.width * unit, width);
  const [top, bottom] = span(hole.centerY, hole.height * unit, height);
  for (let y = top; y < bottom; y++) {
    const [from, to] = [(y * width + left) * channels, (y * width + right) * channels];
    data.fill(0, from, to);
    if (channels === 4) for (let i = from + 3; i < to; i += 4) data[i] = 255;
  }
}

/** The pixels [from, to) that a stretch of `size` pixels about a centre (a share of `length`) covers. */
function span(centre: number, size: number, length: number): [from: number, to: number] {
  const whole = Math.max(1, Math.round(size));
  const from = Math.floor(centre * length - (whole - 1) / 2);
  return [Math.max(0, from), Math.min(length, from + whole)];
}
