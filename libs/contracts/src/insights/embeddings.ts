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

/** Contents of one job: few, because other workspaces wait for its end, and its result is one message. */
export const MAX_CONTENTS_PER_EMBEDDING_JOB = 16;

/** Computes the embeddings of some contents, each once, when nothing else is to be done. */
export const embedContents = defineJob({
  owner,
  type: 'content.embed',
  queue: 'embedding',
  payload: z.union([
    z.object({
      workspace: workspaceName,
      hashes: z.array(sha256).min(1).max(MAX_CONTENTS_PER_EMBEDDING_JOB),
    }),
    // Jobs of earlier versions have one content.
    z
      .object({ workspace: workspaceName, sha256 })
      .transform((old) => ({ workspace: old.workspace, hashes: [old.sha256] })),
  ]),
  /** Left out: contents that have no pixels, or are not there any more. */
  result: z.object({ backbone: backboneId, embeddings: z.array(embedding) }),
});
