/** How raw gray values become those that are shown, in the words of the DSIO modality; what is absent is its default. */
export interface LookupTable {
  /** Default 1. */
  readonly gamma?: number | undefined;
  /** Default 65,535. */
  readonly slope?: number | undefined;
  /** Default 0. */
  readonly offset?: number | undefined;
  /** Gray values that an unmapped image can have; default 65,536. */
  readonly totalGrays?: number | undefined;
}

/** Of 16 bits. */
const GRAYS = 65_536;
const WHITE = GRAYS - 1;

/** Of the pixels of an image, above which it counts as mapped. */
const MAPPED_SHARE = 0.01;

/**
 * The shown value, of 16 bits, of each of the 65,536 raw values: `slope * x ** gamma + offset`, where x is the raw value
 * in 0 to 1, as the documentation of the modality's `LutInfo` has it. Raw values above the highest possible count as that
 * one; what would be shown below 0 or above 65,535 is shown as black or white.
 *
 * A member that makes no sense counts as absent, see `LookupTable`: gamma is finite and above 0, slope and offset are
 * finite, there are at least 2 gray values. A slope below 0 inverts, with the offset that it needs.
 *
 * That documentation leaves open what becomes 0 and 1 on this way; here it is the whole range of the sensor. On the way
 * back it names `minimumGray` and `maximumGray`, the grays of this one image, and not always the lower one first.
 *
 * @param lut null where nothing is known: every value is shown as it is
 */
export function lookupTableOf(lut: LookupTable | null): Uint16Array {
  const { gamma, slope, offset, totalGrays } = sensible(lut);
  const table = new Uint16Array(GRAYS);
  // Looked up once: in the contexts of a test runner, each look-up of a global takes longer than the power below.
  const { max, min, round } = Math;
  for (let raw = 0; raw < GRAYS; raw++) {
    const shown = slope * min(1, raw / (totalGrays - 1)) ** gamma + offset;
    table[raw] = round(min(WHITE, max(0, shown)));
  }
  return table;
}

/**
 * Whether an image holds shown values already. The modality documents `LutInfo` as the "mapping applied to an image",
 * and a filter beside it that "removes the mapping applied to an image resource": the same description comes with images
 * of either kind, and nothing else tells them apart than a value that no unmapped image of that sensor can have. A mapped
 * image has one unless it is dark throughout: at 4,096 grays, gamma 2.3 and slope 65,535 it takes one raw value above 30 %
 * of the range. Of a sensor of 16 bits no image can be told. Some pixels of a sensor may be broken: one in a hundred has to
 * have such a value.
 *
 * @param pixelsAbove how many of all `pixels` have a larger value than `highestRaw`
 */
export function isMapped(pixelsAbove: number, pixels: number): boolean {
  return pixelsAbove > pixels * MAPPED_SHARE;
}

/** The highest value that an unmapped image can have. */
export function highestRaw(lut: LookupTable | null): number {
  return sensible(lut).totalGrays - 1;
}

function sensible(lut: LookupTable | null): Required<Record<keyof LookupTable, number>> {
  const { gamma = 1, slope = WHITE, offset = 0, totalGrays = GRAYS } = lut ?? {};
  return {
    gamma: Number.isFinite(gamma) && gamma > 0 ? gamma : 1,
    slope: Number.isFinite(slope) ? slope : WHITE,
    offset: Number.isFinite(offset) ? offset : 0,
    totalGrays: Number.isFinite(totalGrays) && totalGrays >= 2 ? totalGrays : GRAYS,
  };
}
