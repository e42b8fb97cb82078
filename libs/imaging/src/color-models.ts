/** Colors of TIFF files that libvips shows as if they were RGB. Each function changes pixels of R, G, B (and more) in place. */

/** Luma and chroma are those of ITU-R BT.601, as TIFF 6.0 has them. */
const [RED, GREEN, BLUE] = [0.299, 0.587, 0.114];

/**
 * @param pixels Y, Cb, Cr become R, G, B
 * @param reference of each band: black and white of Y, 0 and the largest of Cb and Cr
 */
export function fromYCbCr(
  pixels: Uint8Array,
  channels: number,
  reference: readonly number[] = [0, 255, 128, 255, 128, 255],
): void {
  const [black, white, zeroB, largestB, zeroR, largestR] = reference as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const out = new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.length);
  const [scaleY, scaleB, scaleR] = [255 / (white - black), 127 / (largestB - zeroB), 127 / (largestR - zeroR)];
  for (let i = 0; i < out.length; i += channels) {
    const luma = ((out[i] as number) - black) * scaleY;
    const blue = luma + ((out[i + 1] as number) - zeroB) * scaleB * (2 - 2 * BLUE);
    const red = luma + ((out[i + 2] as number) - zeroR) * scaleR * (2 - 2 * RED);
    out[i] = red;
    out[i + 1] = (luma - RED * red - BLUE * blue) / GREEN;
    out[i + 2] = blue;
  }
}

/** The white of D50 (of CIE L*a*b* here), and the way from there to linear sRGB: Bradford's, then IEC 61966-2-1. */
const WHITE = [0.9642, 1, 0.8249] as const;
const TO_RGB = [
  [3.1338561, -1.6168667, -0.4906146],
  [-0.9787684, 1.9161415, 0.033454],
  [0.0719453, -0.2289914, 1.4052427],
] as const;
/** sRGB's curve at so many steps: finer than 8 bits see. */
const STEPS = 8192;
const CURVE = Uint8Array.from({ length: STEPS + 1 }, (_, i) => {
  const linear = i / STEPS;
  return Math.round(255 * (linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055));
});

/** @param pixels L*, a* and b* become R, G, B: L* of 0 to 100 as 0 to 255, a* and b* above 128 */
export function fromLab(pixels: Uint8Array, channels: number): void {
  for (let i = 0; i < pixels.length; i += channels) {
    const y = ((pixels[i] as number) / 2.55 + 16) / 116;
    const [fx, fz] = [y + ((pixels[i + 1] as number) - 128) / 500, y - ((pixels[i + 2] as number) - 128) / 200];
    const [X, Y, Z] = [WHITE[0] * cubed(fx), WHITE[1] * cubed(y), WHITE[2] * cubed(fz)];
    for (const [channel, [fromX, fromY, fromZ]] of TO_RGB.entries()) {
      const linear = Math.min(1, Math.max(0, fromX * X + fromY * Y + fromZ * Z));
      pixels[i + channel] = CURVE[Math.round(linear * STEPS)] as number;
    }
  }
}

function cubed(t: number): number {
  return t > 6 / 29 ? t ** 3 : (t - 4 / 29) * 3 * (6 / 29) ** 2;
}
