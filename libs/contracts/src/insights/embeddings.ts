import { z } from 'zod';
import { defineJob, defineRpc } from '../define.js';
import { empty, sha256, workspaceName } from '../schemas.js';

const owner = 'insights' as const;

/** The model that embeddings come from: only those of the same one can be compared. */
export const backboneId = z.string().min(1).max(100);

/** Numbers of an embedding, L2-normalised: float32, little-endian, in base64. */
const vector = z.base64().max(64 * 1024);
export const embedding = z.object({ sha256, vector });
export type Embedding = z.output<typeof embedding>;

/** Embeddings of one call: those of the default backbone take 7 kB each. */
export const MAX_EMBEDDINGS_PER_CALL = 64;

export const embeddingContracts = {
  /** Those that are known, in any order. */
  getMany: defineRpc({
    owner,
    subject: 'insights.v1.embedding.get-many',
    request: z.strictObject({ backbone: backboneId, hashes: z.array(sha256).max(MAX_EMBEDDINGS_PER_CALL) }),
    response: z.object({ embeddings: z.array(embedding) }),
  }),
  /** Records embeddings that were computed for a request before their job was done. */
  record: defineRpc({
    owner,
    subject: 'insights.v1.embedding.record',
    request: z.strictObject({
      backbone: backboneId,
      embeddings: z.array(embedding.strict()).max(MAX_EMBEDDINGS_PER_CALL),
    }),
    response: empty,
    errors: ['UNAVAILABLE'],
  }),
};

/** Computes the embedding of one content, once, when nothing else is to be done. */
export const embedContent = defineJob({
  owner,
  type: 'content.embed',
  queue: 'embedding',
  payload: z.object({ workspace: workspaceName, sha256 }),
  result: z.discriminatedUnion('state', [
    z.object({ state: z.literal('embedded'), backbone: backboneId, vector }),
    /** It has no pixels, or is not there any more. */
    z.object({ state: z.literal('none'), reason: z.string() }),
  ]),
});
