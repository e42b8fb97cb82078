/** Bins of a target that is a number. */
const MAX_BINS = 10;

/** A range of numbers. `start` is inclusive, and `end` exclusive. */
export interface NumberBin {
  readonly start: number;
  readonly end: number;
  readonly rows: number;
}

/**
 * Divides numbers into at most ten ranges of equal width, of which none is empty: an empty one becomes a part of the one before. The
 * edges are whole numbers unless the numbers are too close together. The last edge is above the largest number.
 *
 * @param numbers in any order
 */
export function numberBins(numbers: readonly number[]): NumberBin[] {
  if (numbers.length === 0) return [];
  const sorted = Float64Array.from(numbers).sort();
  const edges = edgesOf(sorted[0] ?? NaN, sorted.at(-1) ?? NaN);
  const bins: NumberBin[] = [];
  let from = 0;
  for (const [i, end] of edges.entries()) {
    if (i === 0) continue;
    const to = firstAtLeast(sorted, end);
    const start = edges[i - 1] ?? NaN;
    const before = bins.at(-1);
    if (to > from) bins.push({ start, end, rows: to - from });
    else if (before) bins[bins.length - 1] = { ...before, end };
    from = to;
  }
  return bins;
}

/** Returns the edges of equal ranges, in ascending order. */
function edgesOf(min: number, max: number): number[] {
  const [low, high] = [Math.floor(min), Math.floor(max) + 1];
  const whole = Math.max(1, Math.ceil((high - low) / MAX_BINS));
  const count = Math.ceil((high - low) / whole);
  // Beyond 2^53, adding 1 to a number does not change it.
  if (count > 1 && low + 1 > low && high > max) return Array.from({ length: count + 1 }, (_, i) => low + i * whole);
  // Not the difference of the two, which may be too large for a number.
  const width = max / MAX_BINS - min / MAX_BINS;
  const above = max + Math.max(width * Number.EPSILON * 8, Math.abs(max) * Number.EPSILON * 2, Number.MIN_VALUE);
  const inner = Array.from({ length: MAX_BINS }, (_, i) => min + i * width);
  return [...inner.filter((edge, i) => i === 0 || edge > (inner[i - 1] ?? NaN)), above];
}

/** Returns the index of the first number that is at least this one. */
function firstAtLeast(sorted: Float64Array, number: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? NaN) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
