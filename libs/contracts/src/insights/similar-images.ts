import {
  MAX_COLUMN_NAME_LENGTH,
  MAX_DUPLICATE_GROUPS_PER_PAGE,
  MAX_HASH_DISTANCE,
  MAX_SIMILAR_IMAGES,
} from '@pentaprism/domain';
import { z } from 'zod';
import { defineRpc } from '../define.js';
import { contentReference, objectId, paging } from '../schemas.js';

const owner = 'insights' as const;

/** Comparing the images of a large project takes some seconds, and loading their embeddings the first time as well. */
const deadlineMs = 55_000;

/** Without `column`: the first image column. */
const columnKey = { projectId: objectId, column: z.string().min(1).max(MAX_COLUMN_NAME_LENGTH).optional() };
const rowCount = z.int().positive();
const limit = z.int().min(1).max(MAX_SIMILAR_IMAGES);

const similarImages = z.object({
  images: z.array(
    z.object({
      imageId: objectId,
      /** The cosine of the embeddings. */
      similarity: z.number(),
      rowCount,
    }),
  ),
  /** Images of the column that have not been analysed yet, and were not compared. */
  pending: z.int().nonnegative(),
});
export type SimilarImages = z.output<typeof similarImages>;

const refusals = ['NOT_FOUND', 'INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'UNAVAILABLE'] as const;

/**
 * Compares the images of one image column of a project by what has been computed of them. All calls throw INVALID_ARGUMENT if there
 * is no such image column, and FAILED_PRECONDITION with the `reason` too-many-images if it has more than can be compared. `similar` and
 * `similarToUpload` throw UNAVAILABLE while the images and their embeddings are still being read.
 */
export const similarImageContracts = {
  /** Lists groups of images that look alike, the largest first. */
  nearDuplicates: defineRpc({
    owner,
    subject: 'insights.v1.similar-image.near-duplicates',
    request: z.strictObject({
      ...columnKey,
      /** Bits in which the perceptual hashes of two linked images differ at most. */
      threshold: z.int().min(0).max(MAX_HASH_DISTANCE),
      offset: paging.offset,
      limit: z.int().min(1).max(MAX_DUPLICATE_GROUPS_PER_PAGE),
    }),
    response: z.object({
      groups: z.array(
        z.object({
          imageCount: z.int().min(2),
          /** The first image of the column, then the closest to it, `MAX_IMAGES_PER_DUPLICATE_GROUP` at most. */
          images: z.array(
            z.object({
              imageId: objectId,
              /** From the first image's perceptual hash, in bits. */
              distance: z.int().nonnegative(),
              /** The first image of the group whose pixels are equal to those of this one; null for that image itself. */
              samePixelsAs: objectId.nullable().default(null),
              rowCount,
            }),
          ),
        }),
      ),
      /** Groups. */
      total: z.int().nonnegative(),
      /** Images of the column that have not been analysed yet, and were not compared. */
      pending: z.int().nonnegative(),
    }),
    errors: refusals,
    deadlineMs,
  }),
  /** Lists the images most similar to one of the column, without this one; none as long as it has no embedding. */
  similar: defineRpc({
    owner,
    subject: 'insights.v1.similar-image.similar',
    request: z.strictObject({ ...columnKey, imageId: objectId, limit }),
    response: similarImages,
    errors: refusals,
    deadlineMs,
  }),
  /** Lists the images most similar to a picture in the area `predictions` of the blob store. */
  similarToUpload: defineRpc({
    owner,
    subject: 'insights.v1.similar-image.similar-to-upload',
    request: z.strictObject({ ...columnKey, content: contentReference, limit }),
    response: similarImages,
    errors: [...refusals, 'UNDECODABLE_IMAGE', 'RATE_LIMITED'],
    deadlineMs,
  }),
};
