/**
 * The forces between two points of a layout, by the square of their distance, in tables: a power function for each of some
 * hundred million forces would take most of the time.
 *
 * A, B: the curve 1 / (1 + A d^2B) that umap-learn fits to a minimum distance of 0.1 and a spread of 1.
 */
const A = 1.576943460405378;
const B = 0.8950608781227859;
/** umap-learn's, against a division by 0. */
const SOFTENING = 0.001;

/** Entries for each power of two: one changes the square of the distance by less than 1 %. */
const MANTISSA_BITS = 7;
const FLOAT_MANTISSA_BITS = 23;
const SHIFT = FLOAT_MANTISSA_BITS - MANTISSA_BITS;
const EXPONENT_BIAS = 127;
/** Powers of two of the table's first and last squares. Nearer and farther points use the first and the last entry. */
const [FIRST_POWER, LAST_POWER] = [-30, 14];
const FIRST = (FIRST_POWER + EXPONENT_BIAS) << MANTISSA_BITS;
const LAST = ((LAST_POWER + EXPONENT_BIAS) << MANTISSA_BITS) - 1;

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** Returns the entry of both tables for the square of a distance: the leading bits of the number's 32-bit form. */
export function indexOf(squared: number): number {
  float[0] = squared;
  const leading = (bits[0] as number) >> SHIFT;
  return leading < FIRST ? 0 : leading > LAST ? LAST - FIRST : leading - FIRST;
}

/** Factor of the difference of two positions. Negative. */
export const ATTRACTION = table((squared) => (-2 * A * B * squared ** (B - 1)) / (1 + A * squared ** B));
/** Factor of the difference of two positions. Positive. */
export const REPULSION = table((squared) => (2 * B) / ((SOFTENING + squared) * (1 + A * squared ** B)));

/** Takes the value in the middle of each entry's range. */
function table(force: (squared: number) => number): Float32Array {
  const half = 1 << (SHIFT - 1);
  return Float32Array.from({ length: LAST - FIRST + 1 }, (_, index) => {
    bits[0] = ((FIRST + index) << SHIFT) | half;
    return force(float[0] as number);
  });
}
