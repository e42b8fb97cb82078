import { ARRIVAL_STATUSES, MAX_IMAGES_PER_BATCH, MAX_TAGS_PER_BATCH } from '@pentaprism/domain';
import { z } from 'zod';
import { defineRpc } from '../define.js';
import { contentReference, empty, fileName, idOrNumber, image, objectId, tagNames, trainingImage } from '../schemas.js';
import { imageUrl } from './url.js';

const owner = 'training-ingest' as const;

const project = { projectId: objectId };
/** Of a sentence that says why an image was not taken. */
const MAX_REASON_LENGTH = 1_000;

/** Where the bytes of an image that comes in are. */
const arrivalSource = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('content'), content: contentReference }),
  z.strictObject({ kind: z.literal('url'), url: imageUrl }),
  z.strictObject({ kind: z.literal('prediction'), id: objectId }),
  /** The dialect could not even store it: it has its place in the answer only. */
  z.strictObject({
    kind: z.literal('refused'),
    status: z.enum(ARRIVAL_STATUSES),
    reason: z.string().max(MAX_REASON_LENGTH).optional(),
  }),
]);
export type ArrivalSource = z.output<typeof arrivalSource>;

/** Images to train on come in, in batches; each is judged by itself. */
export const trainingIngestContracts = {
  /**
   * Ids of tags that the project does not have are said of the images that name them. INVALID_ARGUMENT: more different tags
   * than a batch may give.
   */
  addImages: defineRpc({
    owner,
    subject: 'training-ingest.v1.training-image.add',
    request: z.strictObject({
      ...project,
      /** Tags of every image of the batch, besides its own. */
      tagIds: z.array(objectId).max(MAX_TAGS_PER_BATCH),
      images: z
        .array(z.strictObject({ fileName, source: arrivalSource, tagIds: z.array(objectId).max(MAX_TAGS_PER_BATCH) }))
        .min(1)
        .max(MAX_IMAGES_PER_BATCH),
    }),
    /** In the order of the request. */
    response: z.object({
      results: z.array(
        z.object({
          status: z.enum(ARRIVAL_STATUSES),
          image: trainingImage.nullable(),
          /** A sentence for users that says more than the status, where there is one. */
          reason: z.string().max(MAX_REASON_LENGTH).optional(),
        }),
      ),
    }),
    errors: ['NOT_FOUND', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'UNAVAILABLE'],
    deadlineMs: 120_000,
  }),
  /** Removes a project with its models. FAILED_PRECONDITION: one of them is published, or each workspace has the project. */
  deleteProject: defineRpc({
    owner,
    subject: 'training-ingest.v1.project.delete',
    request: z.strictObject(project),
    response: empty,
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION'],
  }),
};

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
