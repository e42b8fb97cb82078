import {
  DEFAULT_HASH_DISTANCE,
  DEFAULT_SIMILAR_IMAGES,
  MAX_HASH_DISTANCE,
  MAX_SIMILAR_IMAGES,
} from '@pentaprism/domain';
import { queryInteger } from '@pentaprism/http';
import { z } from 'zod';
import { imageColumn } from './image.js';
import { pageOf, pagingQuery } from './paging.js';

/** Groups of a page if the client does not say. */
const DEFAULT_LIMIT = 100;

const column = imageColumn.optional().meta({ description: 'Name of an image column; by default the first one' });
const rowCount = z.int().meta({ description: 'Rows that have the image' });

export const nearDuplicatesQuery = z.object({
  column,
  threshold: queryInteger(0, MAX_HASH_DISTANCE).default(DEFAULT_HASH_DISTANCE).meta({
    type: 'integer',
    description: 'Bits of 64 in which the perceptual hashes of two images differ at most',
  }),
  ...pagingQuery(DEFAULT_LIMIT),
});

export const similarImagesQuery = z.object({
  column,
  limit: queryInteger(1, MAX_SIMILAR_IMAGES)
    .default(DEFAULT_SIMILAR_IMAGES)
    .meta({ type: 'integer', description: 'Images at most' }),
});

export const duplicateGroup = z
  .object({
    imageCount: z.int().meta({ description: 'Images of the group, also those that are not listed' }),
    images: z.array(
      z.object({
        imageId: z.string(),
        distance: z.int().meta({ description: "Bits from the first image's perceptual hash" }),
        samePixelsAs: z.string().nullable().meta({
          description: 'An exact duplicate: the first image of the group whose decoded pixels are the same; else null',
        }),
        rowCount,
      }),
    ),
  })
  .meta({ id: 'NearDuplicateGroup' });

const pendingCount = z.int().meta({ description: 'Images that have not been analysed yet, and were not compared' });

export const nearDuplicatesPage = pageOf(duplicateGroup).extend({ pendingCount });

export const similarImagesBody = z
  .object({
    count: z.int(),
    data: z.array(
      z.object({
        imageId: z.string(),
        similarity: z.number().meta({ description: 'Cosine of the embeddings, from -1 to 1' }),
        rowCount,
      }),
    ),
    pendingCount,
  })
  .meta({ id: 'SimilarImages' });

/** The form of a picture, for the documentation. */
export const PICTURE_FORM = {
  type: 'object',
  required: ['file'],
  properties: { file: { type: 'string', format: 'binary', description: 'A picture of at most 4 MiB' } },
};
