import { z } from 'zod';
import { defineRpc } from './define.js';
import { contentReference, fileName, image, objectId, tagNames } from './schemas.js';

const owner = 'training-ingest' as const;

export const ingestContracts = {
  /** An image comes in: with its bytes, or announced (`content: null`) to receive them later. */
  addImage: defineRpc({
    owner,
    subject: 'training-ingest.v1.image.add',
    request: z.strictObject({
      projectId: objectId.optional(),
      fileName,
      announcedSize: z.int().nonnegative().default(0),
      tagNames,
      content: contentReference.nullable(),
    }),
    response: image,
    errors: ['INVALID_ARGUMENT', 'NOT_FOUND', 'UNAVAILABLE'],
  }),
  /** The bytes of an announced image have come; those of a known one are replaced. */
  receiveFile: defineRpc({
    owner,
    subject: 'training-ingest.v1.image.receive-file',
    request: z.strictObject({ imageId: objectId, content: contentReference }),
    response: image,
    errors: ['NOT_FOUND', 'UNAVAILABLE'],
  }),
};
