import type { Radiograph } from '@pentaprism/contracts';
import { MAX_MODALITY_ID_LENGTH } from '@pentaprism/domain';
import { anyCase } from '@pentaprism/dsio';
import { z } from 'zod';
import { FILTERS_BASE } from '../paths.js';
import { imageInfo, toImageInfo } from './image-info.js';

export const imageResource = z.object({
  id: z.uuidv4(),
  mediaType: z.literal('image/png'),
  url: z.string(),
  createdOn: z.string(),
  expires: z.string(),
  imageInfo,
  modalitySession: z.object({ sessionId: z.string(), imageId: z.string() }).nullable(),
});

/** @param origin of the absolute URL of its media */
export function toImageResource(radiograph: Radiograph, origin: string): z.output<typeof imageResource> {
  const { key, createdAt, expiresAt, info, session } = radiograph;
  return {
    id: key,
    mediaType: 'image/png',
    url: `${origin}/${FILTERS_BASE}/images/${key}/media`,
    createdOn: new Date(createdAt).toISOString(),
    expires: new Date(expiresAt).toISOString(),
    imageInfo: toImageInfo(info),
    modalitySession: session,
  };
}

const id = z.string().min(1).max(MAX_MODALITY_ID_LENGTH);

/** Names in any case: the SDK writes Pascal case. */
export const modalitySessionInput = anyCase.pipe(
  z.object({ sessionid: id, imageid: id }).transform(({ sessionid, imageid }) => ({
    sessionId: sessionid,
    imageId: imageid,
  })),
);
