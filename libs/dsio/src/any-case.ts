import { z } from 'zod';

/**
 * An object by its members' names in lower case: documents and devices write `acquisitionInfo`, the .NET SDK
 * `AcquisitionInfo`.
 */
export const anyCase = z.preprocess(
  (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name.toLowerCase(), member]))
      : value,
  z.record(z.string(), z.unknown()),
);
