import {
  MAX_APPLICATION_LENGTH,
  MAX_IMAGES_PER_BATCH,
  MAX_PUBLISH_NAME_LENGTH,
  MAX_TAGS_PER_BATCH,
  MAX_TRAINING_PAGE_SIZE,
  MODEL_DOMAINS,
} from '@pentaprism/domain';
import { z } from 'zod';
import { defineRpc } from '../define.js';
import { contentReference, empty, objectId, timestamp, trainingImage } from '../schemas.js';
import { predictedTag } from './models.js';
import { imageUrl } from './url.js';

const owner = 'training-ingest' as const;

export const prediction = z.object({
  id: objectId,
  projectId: objectId,
  iterationId: objectId,
  createdAt: timestamp,
  /** Highest first. */
  tags: z.array(predictedTag),
});
export type Prediction = z.output<typeof prediction>;

export const predictionContracts = {
  /**
   * What a model sees in a picture. NOT_FOUND: no such project or iteration (`reason`: no-default where none is named and
   * none is there). INVALID_ARGUMENT: the address cannot be used. UNDECODABLE_IMAGE: it is no picture.
   */
  predict: defineRpc({
    owner,
    subject: 'training-ingest.v1.prediction.predict',
    request: z.strictObject({
      projectId: objectId,
      /** Null: the default one, else the newest that is trained where `orNewest` is said. */
      iteration: z
        .union([
          z.strictObject({ id: objectId }),
          z.strictObject({ publishName: z.string().max(MAX_PUBLISH_NAME_LENGTH) }),
        ])
        .nullable(),
      orNewest: z.boolean().default(false),
      /** Bytes are in the area `originals` of the blob store where they are to be kept, otherwise in `predictions`. */
      source: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('content'), content: contentReference }),
        z.strictObject({ kind: z.literal('url'), url: imageUrl }),
      ]),
      maxBytes: z.int().positive(),
      /** Whether the picture is kept, to be asked for and to be trained on. */
      store: z.boolean(),
      application: z.string().max(MAX_APPLICATION_LENGTH).nullable(),
    }),
    response: prediction,
    errors: [
      'NOT_FOUND',
      'FAILED_PRECONDITION',
      'INVALID_ARGUMENT',
      'PAYLOAD_TOO_LARGE',
      'UNDECODABLE_IMAGE',
      'RATE_LIMITED',
      'UNAVAILABLE',
    ],
    deadlineMs: 60_000,
  }),
  /**
   * Stored predictions: as many as fit into one answer, at most `limit`. `continuation`: where the next page begins; null at
   * the end. A continuation skips nothing that is stored, whatever is added meanwhile.
   */
  query: defineRpc({
    owner,
    subject: 'training-ingest.v1.prediction.query',
    request: z.strictObject({
      projectId: objectId,
      order: z.enum(['newest', 'oldest', 'suggested']),
      iterationId: objectId.optional(),
      /** Only predictions whose probability of one of these tags is within the bounds. */
      tags: z
        .array(z.strictObject({ tagId: objectId, min: z.number(), max: z.number() }))
        .max(MAX_TAGS_PER_BATCH)
        .default([]),
      application: z.string().max(MAX_APPLICATION_LENGTH).optional(),
      from: timestamp.optional(),
      to: timestamp.optional(),
      limit: z.int().min(1).max(MAX_TRAINING_PAGE_SIZE),
      continuation: z.string().max(200).optional(),
    }),
    response: z.object({
      predictions: z.array(
        prediction.extend({
          /** Null while the picture is analysed: until then there are its bytes only. */
          image: trainingImage.nullable(),
          content: contentReference,
          /** That of the iteration; that of the project where the iteration is gone. */
          domain: z.enum(MODEL_DOMAINS),
        }),
      ),
      continuation: z.string().nullable(),
    }),
    errors: ['NOT_FOUND', 'INVALID_ARGUMENT'],
  }),
  /** Those that do not exist are passed over. */
  deleteMany: defineRpc({
    owner,
    subject: 'training-ingest.v1.prediction.delete-many',
    request: z.strictObject({ projectId: objectId, ids: z.array(objectId).min(1).max(MAX_IMAGES_PER_BATCH) }),
    response: empty,
    errors: ['NOT_FOUND', 'UNAVAILABLE'],
  }),
};
