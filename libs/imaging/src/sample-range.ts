/** The numbers that are shown as black and as white. */
export interface SampleRange {
  readonly black: number;
  readonly white: number;
}

/**
 * The least and the greatest number that has been seen: NaN and infinite ones are none. `black` is above `white` where
 * there was none.
 */
export function seenRange(
  bands: readonly { readonly data: ArrayLike<number>; readonly offset: number; readonly stride: number }[],
  noData?: number,
): SampleRange {
  let [black, white] = [Infinity, -Infinity];
  for (const { data, offset, stride } of bands) {
    for (let i = offset; i < data.length; i += stride) {
      const value = data[i] as number;
      if (value === noData || !Number.isFinite(value)) continue;
      if (value < black) black = value;
      if (value > white) white = value;
    }
  }
  return { black, white };
}

/**
 * What is shown as black and white of whole numbers: all that they can be, or all that they are, where that is no more than a
 * quarter of it. 14 bits in samples of 16 are a quarter.
 */
export function rangeOfIntegers(seen: SampleRange, possible: SampleRange): SampleRange {
  const used = seen.white - seen.black;
  const isSmall = used > 0 && used * 4 <= possible.white - possible.black;
  return isSmall ? seen : possible;
}

/** What is shown as black and white of fractions: all that they are. One color has no range, and is black. */
export function rangeOfFractions(seen: SampleRange): SampleRange {
  return seen.white > seen.black ? seen : { black: seen.black, white: Infinity };
}
