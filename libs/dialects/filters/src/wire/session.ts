import type { ModalityImage, ModalitySession } from '@pentaprism/contracts';
import { z } from 'zod';
import { MODALITY_BASE } from '../paths.js';
import { imageInfo, toImageInfo } from './image-info.js';

/** The part of the Modality API's AcquisitionSession that there is without a device. */
export const acquisitionSession = z.object({ sessionId: z.string(), createdOn: z.string(), expires: z.string() });

export function toAcquisitionSession({
  sessionId,
  createdAt,
  expiresAt,
}: ModalitySession): z.output<typeof acquisitionSession> {
  return {
    sessionId,
    createdOn: new Date(createdAt).toISOString(),
    expires: new Date(expiresAt).toISOString(),
  };
}

/** The part of the Modality API's ImageInfo that there is without a device. */
export const sessionImage = imageInfo.extend({
  id: z.string(),
  mediaType: z.literal('image/png'),
  url: z.string(),
  createdOn: z.string(),
});

/** @param origin of the absolute URL of its media */
export function toSessionImage(image: ModalityImage, origin: string): z.output<typeof sessionImage> {
  const { sessionId, imageId, info, createdAt } = image;
  return {
    id: imageId,
    mediaType: 'image/png',
    url: `${origin}/${MODALITY_BASE}/acquisition/${sessionId}/images/${imageId}/media`,
    createdOn: new Date(createdAt).toISOString(),
    ...toImageInfo(info),
  };
}
