import { z } from 'zod';
import { defineRpc } from '../define.js';
import { backboneId } from '../insights/embeddings.js';
import { contentReference, empty } from '../schemas.js';

const owner = 'worker' as const;

/** What workers answer at once, beside their jobs. */
export const inferenceContracts = {
  /** The model that embeddings are made by now. */
  backbone: defineRpc({
    owner,
    subject: 'worker.v1.backbone.get',
    request: empty,
    response: z.object({ backbone: backboneId }),
  }),
  /**
   * The embedding of bytes in the blob store. UNDECODABLE_IMAGE: they are no picture. RATE_LIMITED: this worker has as many
   * questions waiting as it takes.
   */
  embed: defineRpc({
    owner,
    subject: 'worker.v1.content.embed',
    request: z.strictObject({ content: contentReference, area: z.enum(['originals', 'predictions']) }),
    response: z.object({ backbone: backboneId, vector: z.base64() }),
    errors: ['UNDECODABLE_IMAGE', 'NOT_FOUND', 'RATE_LIMITED', 'UNAVAILABLE'],
    deadlineMs: 20_000,
  }),
};
