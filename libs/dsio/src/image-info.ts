import type { RadiographInfo } from '@pentaprism/contracts';
import { z } from 'zod';
import { anyCase } from './any-case.js';

/** A member that may be absent or null. */
const optional = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullish().transform((value) => value ?? undefined);

/** The name, or its place in the enumeration of the device's SDK. */
const binning = z
  .union([
    z.literal(0),
    z.literal(1),
    z
      .string()
      .toLowerCase()
      .pipe(z.enum(['unbinned', 'binned2x2'])),
  ])
  .transform((value) => (value === 1 || value === 'binned2x2' ? 'binned-2x2' : 'unbinned'));

const acquisitionInfo = anyCase.pipe(z.object({ binning: optional(binning) }));

const lutInfo = anyCase.pipe(
  z
    .object({
      gamma: optional(z.number()),
      slope: optional(z.number()),
      offset: optional(z.number()),
      totalgrays: optional(z.int32()),
      minimumgray: optional(z.int32()),
      maximumgray: optional(z.int32()),
    })
    .transform(({ gamma, slope, offset, totalgrays, minimumgray, maximumgray }) => ({
      gamma,
      slope,
      offset,
      totalGrays: totalgrays,
      minimumGray: minimumgray,
      maximumGray: maximumgray,
    })),
);

/**
 * The part of the DSIO Modality API's ImageInfo that belongs to a radiograph, as devices and clients of the filters API
 * write it; all the rest of it is ignored.
 * @see the API's OpenAPI description: ImageInfo, AcquisitionInfo, LutInfo
 */
export const dsioImageInfo = anyCase
  .pipe(z.object({ acquisitioninfo: optional(acquisitionInfo), lutinfo: optional(lutInfo) }))
  .transform(({ acquisitioninfo, lutinfo }): RadiographInfo => ({
    binning: acquisitioninfo?.binning ?? 'unbinned',
    lut: lutinfo ?? null,
  }));
