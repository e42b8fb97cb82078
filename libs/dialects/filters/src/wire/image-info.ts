import type { RadiographInfo } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { dsioImageInfo } from '@pentaprism/dsio';
import { checkStructure, decodeUtf8, schemaFailure } from '@pentaprism/http';
import { z } from 'zod';

/** Bytes of the part `imageInfo`: callers may send the Modality API's larger object. */
export const MAX_IMAGE_INFO_BYTES = 64 * 1024;

/** As it is answered. */
export const imageInfo = z.object({
  acquisitionInfo: z.object({ binning: z.enum(['Unbinned', 'Binned2x2']) }),
  lutInfo: z
    .object({
      gamma: z.number().optional(),
      slope: z.number().optional(),
      offset: z.number().optional(),
      totalGrays: z.int32().optional(),
      minimumGray: z.int32().optional(),
      maximumGray: z.int32().optional(),
    })
    .nullable(),
});

/**
 * Reads an ImageInfo as the original's clients write it: names in any case, enums as names or numbers, and more members
 * than are wanted.
 *
 * @throws DomainError INVALID_ARGUMENT
 */
export function parseImageInfo(bytes: Buffer): RadiographInfo {
  const text = decodeUtf8(bytes);
  checkStructure(text);
  const found = dsioImageInfo.safeParse(parseJson(text));
  if (!found.success) throw schemaFailure(found.error.issues);
  return found.data;
}

export function toImageInfo({ binning, lut }: RadiographInfo): z.output<typeof imageInfo> {
  return { acquisitionInfo: { binning: binning === 'binned-2x2' ? 'Binned2x2' : 'Unbinned' }, lutInfo: lut };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new DomainError('INVALID_ARGUMENT', 'imageInfo is not valid JSON.');
  }
}
