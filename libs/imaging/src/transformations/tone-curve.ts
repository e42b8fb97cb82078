import type { RawImage } from '../raw-image.js';

/** Replaces every color value by what the curve gives for it (rounded, and kept within 0 to 255); alpha stays. */
export function applyToneCurve(image: RawImage, curve: (value: number) => number): RawImage {
  const table = Uint8ClampedArray.from({ length: 256 }, (_, value) => curve(value));
  const source = image.data;
  const data = new Uint8Array(source.length);
  for (let i = 0; i < source.length; i++) data[i] = table[source[i] as number] as number;
  if (image.channels === 4) for (let i = 3; i < source.length; i += 4) data[i] = source[i] as number;
  return { ...image, data };
}
