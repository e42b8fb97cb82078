import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { highestRaw, isMapped, lookupTableOf, type LookupTable } from './lookup-table.js';

const at = (lut: LookupTable | null, raws: readonly number[]) => {
  const table = lookupTableOf(lut);
  return raws.map((raw) => table[raw]);
};
const NONSENSE = [NaN, Infinity, -Infinity];
/** Compared as bytes, since a matcher takes half a second for so many values. */
const bytesOf = (lut: LookupTable | null) => Buffer.from(lookupTableOf(lut).buffer);
const IDENTITY = Buffer.from(Uint16Array.from({ length: 65_536 }, (_, raw) => raw).buffer);
const anything = fc.double() as fc.Arbitrary<number | undefined>;

describe('a lookup table', () => {
  // Worked out with 50 decimal digits, before rounding: 0.000322, 0.00158, 12.83, 344.35, 2560.29, 13300.27, 13315.22,
  // 32038.21, 49103.12, 62090.81, 65498.20, 65535.
  it('of 4,096 grays and gamma 2.3', () => {
    const raws = [1, 2, 100, 418, 1000, 2047, 2048, 3000, 3612, 4000, 4094, 4095];
    const lut = { gamma: 2.3, slope: 65_535, offset: 0, totalGrays: 4096 };
    expect(at(lut, raws)).toEqual([0, 0, 13, 344, 2560, 13300, 13315, 32038, 49103, 62091, 65498, 65535]);
    expect(at(lut, [0, 4096, 65_535])).toEqual([0, 65_535, 65_535]);
  });

  it('with a root, a slope and an offset', () => {
    const lut = { gamma: 0.5, slope: 60_000, offset: 1000 };
    expect(at(lut, [0, 1, 1000, 32_768, 65_535])).toEqual([1000, 1234, 8412, 43_427, 61_000]);
  });

  it('that inverts', () => {
    const lut = { slope: -65_535, offset: 65_535, totalGrays: 4096 };
    expect(at(lut, [0, 1, 1000, 4095, 9999])).toEqual([65_535, 65_519, 49_531, 0, 0]);
  });

  it('that leaves 16 bits shows black and white there', () => {
    const lut = { gamma: 2.2, slope: 70_000, offset: -3000.5, totalGrays: 256 };
    expect(at(lut, [0, 1, 100, 127, 128, 200, 255])).toEqual([0, 0, 5927, 12_103, 12_366, 38_018, 65_535]);
  });

  it('of two grays', () => {
    expect(at({ totalGrays: 2 }, [0, 1, 2])).toEqual([0, 65_535, 65_535]);
  });

  it('of more grays than 16 bits have', () => {
    expect(at({ totalGrays: 131_071 }, [0, 1, 2, 65_535])).toEqual([0, 1, 1, 32_768]);
  });

  it.each([null, {}, { gamma: undefined, totalGrays: undefined }, { gamma: 1, slope: 65_535, offset: 0 }])(
    'shows every value as it is where nothing is known: %j',
    (lut) => {
      expect(bytesOf(lut).equals(IDENTITY)).toBe(true);
    },
  );
});

describe('a member that makes no sense counts as absent', () => {
  const sensible = { gamma: 2.3, slope: 50_000, offset: 300, totalGrays: 4096 };
  it.each([
    ...[...NONSENSE, 0, -0, -1].map((gamma) => ({ gamma })),
    ...NONSENSE.map((slope) => ({ slope })),
    ...NONSENSE.map((offset) => ({ offset })),
    ...[...NONSENSE, 1, 0, -4096, 1.5].map((totalGrays) => ({ totalGrays })),
  ] as LookupTable[])('%p', (nonsense) => {
    const without = Object.fromEntries(Object.entries(sensible).filter(([name]) => !(name in nonsense)));
    expect(bytesOf({ ...sensible, ...nonsense }).equals(bytesOf(without))).toBe(true);
    expect(bytesOf({ ...sensible, ...nonsense }).equals(bytesOf(sensible))).toBe(false);
  });

  it('but the extremes of sense count', () => {
    expect(at({ gamma: 5e-324 }, [0, 1, 65_535])).toEqual([0, 65_535, 65_535]);
    expect(at({ gamma: 1e308 }, [0, 65_534, 65_535])).toEqual([0, 0, 65_535]);
    expect(at({ slope: 1.7e308, offset: 1.7e308 }, [0, 65_535])).toEqual([65_535, 65_535]);
    expect(at({ slope: -1.7e308, offset: -1.7e308 }, [0, 65_535])).toEqual([0, 0]);
    expect(at({ slope: 0, offset: 7 }, [0, 1, 65_535])).toEqual([7, 7, 7]);
  });
});

describe('whatever the numbers', () => {
  const lut = fc.record({ gamma: anything, slope: anything, offset: anything, totalGrays: anything });

  it('the table is 65,536 values that go one way', () => {
    fc.assert(
      fc.property(lut, (numbers) => {
        const table = lookupTableOf(numbers);
        expect(table).toHaveLength(65_536);
        const slope = finite(numbers.slope, 65_535);
        const offset = finite(numbers.offset, 0);
        expect(table.every((value, raw) => raw === 0 || goesOn(table[raw - 1] as number, value, slope >= 0))).toBe(
          true,
        );
        // NaN in between would have become 0 and gone the wrong way; at the ends it is seen here.
        expect(table[0]).toBe(shown(offset));
        if ((numbers.totalGrays ?? 0) < 65_537) expect(table[65_535]).toBe(shown(slope + offset));
      }),
    );
  });

  it('of real sensors, it rises from the offset to slope and offset', () => {
    const real = fc.record({
      gamma: fc.double({ min: 0.1, max: 5, noNaN: true }),
      slope: fc.integer({ min: 1, max: 60_000 }),
      offset: fc.integer({ min: 0, max: 5000 }),
      totalGrays: fc.integer({ min: 2, max: 65_536 }),
    });
    fc.assert(
      fc.property(real, (numbers) => {
        const table = lookupTableOf(numbers);
        expect(table[0]).toBe(numbers.offset);
        expect(table[numbers.totalGrays - 1]).toBe(numbers.slope + numbers.offset);
        expect(table.every((value, raw) => raw === 0 || value >= (table[raw - 1] as number))).toBe(true);
      }),
    );
  });
});

describe('an image is mapped already', () => {
  it('if it has values that an unmapped one cannot have, and more of them than a sensor has broken pixels', () => {
    expect(isMapped(0, 1000)).toBe(false);
    expect(isMapped(10, 1000)).toBe(false);
    expect(isMapped(11, 1000)).toBe(true);
    expect(isMapped(1, 1)).toBe(true);
  });

  it.each([
    [{ totalGrays: 4096 }, 4095],
    [{ gamma: 2.3, totalGrays: 2 }, 1],
  ])('which are those above the grays of %j', (lut, highest) => {
    expect(highestRaw(lut)).toBe(highest);
  });

  it.each([null, {}, { totalGrays: 65_536 }, { totalGrays: 100_000 }])(
    'never, where every value is possible: %j',
    (lut) => {
      expect(highestRaw(lut)).toBeGreaterThanOrEqual(65_535);
    },
  );

  it.each([...NONSENSE, 1, 0, -1])('never, of %p grays', (totalGrays) => {
    expect(highestRaw({ totalGrays })).toBe(65_535);
  });
});

const finite = (value: number | undefined, otherwise: number) =>
  value !== undefined && Number.isFinite(value) ? value : otherwise;
const shown = (value: number) => Math.max(0, Math.min(65_535, Math.floor(value + 0.5)));
const goesOn = (one: number, next: number, rising: boolean) => (rising ? next >= one : next <= one);
