import { MAX_IMAGES_PER_BATCH, type ImageQuality } from '@pentaprism/domain';
import { z } from 'zod';
import { defineFact, defineJob, defineRpc, defineSignal } from '../define.js';
import { contentReference, empty, sha256, workspaceName } from '../schemas.js';

const owner = 'catalog' as const;

const contentKey = { workspace: workspaceName, sha256 };

const PERCEPTUAL_HASH = /^[0-9a-f]{16}$/;

const derivedPicture = z.object({ sha256, size: z.int(), width: z.int(), height: z.int(), mediaType: z.string() });

export const imageQuality = z.object({
  sharpness: z.number().nonnegative(),
  shadows: z.number().min(0).max(1),
  highlights: z.number().min(0).max(1),
  contrast: z.number().min(0).max(1),
  entropy: z.number().min(0).max(8),
}) satisfies z.ZodType<ImageQuality>;

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
  perceptualHash: z.string().regex(PERCEPTUAL_HASH),
  /** The same for images whose decoded pixels are equal; null: it is not computed for such images. Workers of earlier versions make none. */
  pixelDigest: sha256.nullable().optional(),
  thumbnail: derivedPicture,
  /** The whole picture, small enough to be shown; null: the original is. Workers of earlier versions make none. */
  resized: derivedPicture.nullable().default(null),
  /** Workers of earlier versions measure none. */
  quality: imageQuality.optional(),
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

/** Names what keeps contents while no image does: a dataset by its id. */
export const contentHolder = z
  .string()
  .max(100)
  .regex(/^dataset\/[0-9a-f]{24}$/, 'must be dataset/ and the id of a dataset');

/** Returns the name under which a dataset holds contents. */
export const holderOfDataset = (datasetId: string): string => `dataset/${datasetId}`;

/** Contents of one call of `perceptualHashes`. */
export const MAX_PERCEPTUAL_HASHES_PER_CALL = 4_000;

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
  /** Drops bytes that the caller does not keep. They are removed soon, unless an image points to them. */
  discard: defineRpc({
    owner,
    subject: 'catalog.v1.content.discard',
    request: z.strictObject({ contents: z.array(contentReference).min(1).max(MAX_IMAGES_PER_BATCH) }),
    response: empty,
    errors: ['UNAVAILABLE'],
  }),
  /** Returns the perceptual hashes and the digests of pixels of those of the contents that are decoded. */
  perceptualHashes: defineRpc({
    owner,
    subject: 'catalog.v1.content.perceptual-hashes',
    request: z.strictObject({ hashes: z.array(sha256).min(1).max(MAX_PERCEPTUAL_HASHES_PER_CALL) }),
    /** In no order. */
    response: z.object({
      contents: z.array(
        z.object({
          sha256,
          perceptualHash: z.string().regex(PERCEPTUAL_HASH),
          /** As of an analysis. */
          pixelDigest: sha256.nullable().optional(),
        }),
      ),
    }),
  }),
  /**
   * Returns what is stored about those of the contents that are decoded, so that they need not be decoded again. The
   * answer promises nothing about the bytes: a content without a reference may be removed at any time.
   */
  known: defineRpc({
    owner,
    subject: 'catalog.v1.content.known',
    request: z.strictObject({ hashes: z.array(sha256).min(1).max(MAX_IMAGES_PER_BATCH) }),
    /** In no order. */
    response: z.object({
      contents: z.array(
        analysis
          .pick({ mediaType: true, format: true, width: true, height: true, perceptualHash: true, quality: true })
          .extend({ sha256 }),
      ),
    }),
    errors: ['UNAVAILABLE'],
  }),
  /**
   * Keeps contents for a holder until it is released, and stores their analyses, as the report of an analysis job does. The
   * same call again changes nothing. Store the bytes first, also those of contents that `known` returned, and the
   * pictures that an analysis names. FAILED_PRECONDITION: the holder was released.
   */
  hold: defineRpc({
    owner,
    subject: 'catalog.v1.content.hold',
    request: z.strictObject({
      holder: contentHolder,
      contents: z
        .array(
          z.strictObject({
            content: contentReference,
            /** Null for a content that `known` returned. */
            analysis: analysis.nullable(),
          }),
        )
        .min(1)
        .max(MAX_IMAGES_PER_BATCH),
    }),
    response: z.object({
      /** Contents that are not held, because they have no analysis here: decode them, and send them again with one. */
      unknown: z.array(sha256),
    }),
    errors: ['FAILED_PRECONDITION', 'UNAVAILABLE'],
    deadlineMs: 15_000,
  }),
  /**
   * Refuses further contents of a holder, and lets go of those that it holds, as many as fit into the time. Contents without
   * another reference are removed later. Also for a holder that has never held anything.
   */
  release: defineRpc({
    owner,
    subject: 'catalog.v1.content.release',
    request: z.strictObject({ holder: contentHolder }),
    /** `left`: some contents are still held. Call again until there are none. */
    response: z.object({ left: z.boolean() }),
    errors: ['UNAVAILABLE'],
    deadlineMs: 15_000,
  }),
};
