import { MAX_IMAGES_PER_BATCH } from '@pentaprism/domain';
import { z } from 'zod';
import { defineFact, defineJob, defineRpc, defineSignal } from '../define.js';
import { contentReference, empty, sha256, workspaceName } from '../schemas.js';

const owner = 'catalog' as const;

const contentKey = { workspace: workspaceName, sha256 };

const derivedPicture = z.object({ sha256, size: z.int(), width: z.int(), height: z.int(), mediaType: z.string() });

/** What a worker learnt from the pixels of a content. */
export const analysis = z.object({
  state: z.literal('decoded'),
  format: z.string(),
  mediaType: z.string(),
  width: z.int().positive(),
  height: z.int().positive(),
  orientation: z.int(),
  colorSpace: z.string(),
  channels: z.int(),
  bitDepth: z.int(),
  hasAlpha: z.boolean(),
  pages: z.int(),
  perceptualHash: z.string().regex(/^[0-9a-f]{16}$/),
  thumbnail: derivedPicture,
  /** The whole picture, small enough to be shown; null: the original is. Workers of earlier versions make none. */
  resized: derivedPicture.nullable().default(null),
});

export const undecodable = z.object({
  state: z.literal('undecodable'),
  /** A sentence for users. */
  reason: z.string(),
  /** The same for programs, as the decoder calls it. Workers of earlier versions do not say. */
  code: z.string().optional(),
});

/** Decode, measure, hash and thumbnail the bytes of one content. */
export const analyseContent = defineJob({
  owner,
  type: 'content.analyse',
  queue: 'analysis',
  payload: z.object({ ...contentKey, size: z.int() }),
  result: z.discriminatedUnion('state', [analysis, undecodable]),
});

/** Bytes are gone for good: whatever was computed from them may follow. */
export const contentRemoved = defineFact({ owner, name: 'content.removed', data: z.object({ sha256 }) });

/** The pixels of a content are known now, or it is known that it has none. */
export const contentAnalysed = defineSignal({
  owner,
  subject: 'catalog.v1.signal.content-analysed',
  data: z.object({ workspace: workspaceName, sha256 }),
});

export const contentContracts = {
  /**
   * Has bytes decoded that are in the blob store, before there is an image of them, and waits until all are known. Bytes
   * that no image points to soon after are removed. DEADLINE_EXCEEDED: the workers have more to do than fits in the time.
   */
  analyse: defineRpc({
    owner,
    subject: 'catalog.v1.content.analyse',
    request: z.strictObject({ contents: z.array(contentReference).min(1).max(MAX_IMAGES_PER_BATCH) }),
    /** In the order of the request. */
    response: z.object({
      outcomes: z.array(
        z.discriminatedUnion('state', [
          z.object({
            state: z.literal('decoded'),
            mediaType: z.string(),
            format: z.string(),
            width: z.int().positive(),
            height: z.int().positive(),
          }),
          /** A sentence, and the decoder's name for it where one is known: `too_many_pixels`, for one. */
          z.object({ state: z.literal('undecodable'), reason: z.string(), code: z.string().optional() }),
        ]),
      ),
    }),
    errors: ['DEADLINE_EXCEEDED', 'UNAVAILABLE'],
    deadlineMs: 90_000,
  }),
  /** Bytes that nobody wants to keep: removed soon, unless an image points to them. */
  discard: defineRpc({
    owner,
    subject: 'catalog.v1.content.discard',
    request: z.strictObject({ contents: z.array(contentReference).min(1).max(MAX_IMAGES_PER_BATCH) }),
    response: empty,
    errors: ['UNAVAILABLE'],
  }),
};
