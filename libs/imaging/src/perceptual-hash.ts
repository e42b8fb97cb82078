import { sharp } from './configured-sharp.js';
import { rawInput, type RawImage } from './raw-image.js';

/** Pixels a side of the gray picture that is transformed, and frequencies a side that are kept. */
const SIDE = 32;
const KEPT = 8;

/** cos((2x + 1) u π / 2N) for the frequencies 1 to 8: without the constant one, which is brightness only. */
const COSINES = Array.from({ length: KEPT }, (_, index) =>
  Float64Array.from({ length: SIDE }, (_, x) => Math.cos(((2 * x + 1) * (index + 1) * Math.PI) / (2 * SIDE))),
);

/**
 * A 64-bit DCT hash (pHash): pictures that look alike differ in few bits, whatever their size, format and quality.
 * Method: C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010, section 3.2.
 *
 * @param image any size; a thumbnail is enough
 * @returns 16 hexadecimal digits; zeros for a picture of one color
 */
export async function perceptualHash(image: RawImage): Promise<string> {
  const gray = await sharp(image.data, rawInput(image))
    // Transparent pixels hide arbitrary colors. Gray is as far from black drawings as from white ones.
    .flatten({ background: '#808080' })
    .resize(SIDE, SIDE, { fit: 'fill' })
    .toColourspace('b-w')
    .raw()
    .toBuffer();
  const coefficients = lowFrequencies(gray);
  const sorted = [...coefficients].sort((a, b) => a - b);
  const median = ((sorted[31] as number) + (sorted[32] as number)) / 2;
  let hash = '';
  for (let i = 0; i < coefficients.length; i += 4) {
    const nibble = coefficients.slice(i, i + 4).reduce((bits, value) => bits * 2 + (value > median ? 1 : 0), 0);
    hash += nibble.toString(16);
  }
  return hash;
}

/** The 8 × 8 lowest frequencies of the DCT-II but for the constant ones, row by row. */
function lowFrequencies(gray: Uint8Array): number[] {
  const rows = COSINES.map((cosine) =>
    Float64Array.from({ length: SIDE }, (_, y) => {
      let sum = 0;
      for (let x = 0; x < SIDE; x++) sum += (cosine[x] as number) * (gray[y * SIDE + x] as number);
      return sum;
    }),
  );
  return COSINES.flatMap((cosine) =>
    // Whole numbers: what remains of an even picture is rounding, which must not become bits.
    rows.map((row) => Math.round(row.reduce((sum, value, y) => sum + value * (cosine[y] as number), 0))),
  );
}
