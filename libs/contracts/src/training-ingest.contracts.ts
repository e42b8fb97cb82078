import { z } from 'zod';
import { defineRpc } from './define.js';
import { contentReference, fileName, idOrNumber, image, objectId, tagNames } from './schemas.js';

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
    errors: ['INVALID_ARGUMENT', 'NOT_FOUND', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
  }),
  /** An image gets these tags instead of those that it had; those that do not exist yet are made. */
  setTags: defineRpc({
    owner,
    subject: 'training-ingest.v1.image.set-tags',
    request: z.strictObject({ image: idOrNumber, tagNames }),
    response: image,
    errors: ['INVALID_ARGUMENT', 'NOT_FOUND', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
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
