import { z } from 'zod';

/**
 * A whole number in a query string: decimal digits only, so that `1e3`, `0x10` and blanks are refused, and given once,
 * since a repeated parameter arrives as an array.
 */
export function queryInteger(min: number, max: number) {
  return z
    .string()
    .regex(/^[+-]?\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .meta({ type: 'integer' });
}

/** `true` or `false`, also `1` or `0`. */
export const queryBoolean = z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1');
