import {
  MAX_IMAGES_PER_BATCH,
  MAX_TAGGINGS_PER_BATCH,
  MAX_TAGS_PER_BATCH,
  MAX_TAGS_PER_COUNT,
  MAX_TRAINING_PAGE_SIZE,
  TAGGING_STATUSES,
} from '@pentaprism/domain';
import { z } from 'zod';
import { defineRpc } from '../define.js';
import {
  contentReference,
  empty,
  fileName,
  imageMetadata,
  objectId,
  paging,
  tagReference,
  trainingImage,
} from '../schemas.js';

const owner = 'catalog' as const;

/** The images of a project, or as they were when a snapshot was taken of it. */
const source = { projectId: objectId, snapshotId: objectId.optional() };
const selection = {
  ...source,
  tagging: z.enum(['all', 'tagged', 'untagged']).default('all'),
  /** Only images that carry at least one of these; absent: whatever they carry. */
  anyOfTags: z.array(objectId).max(MAX_TAGS_PER_BATCH).optional(),
};
const imageIds = z.array(objectId).max(MAX_TRAINING_PAGE_SIZE);

/**
 * Images as models learn from them. What cannot be decoded, or is not decoded yet, is not among them; an image that
 * expires is, until it does. NOT_FOUND: no such project or snapshot.
 */
export const trainingImageContracts = {
  /**
   * Adds images whose contents are analysed (otherwise FAILED_PRECONDITION), each set of bytes once in a project: an image
   * that is there already gets the tags instead. All of a batch or nothing, except for what `status` says.
   * CONFLICT: a tag has been changed or deleted since it was looked up.
   */
  add: defineRpc({
    owner,
    subject: 'catalog.v1.training-image.add',
    request: z.strictObject({
      projectId: objectId,
      images: z
        .array(z.strictObject({ fileName, content: contentReference, tags: z.array(tagReference) }))
        .min(1)
        .max(MAX_IMAGES_PER_BATCH),
    }),
    /**
     * In the order of the request. Where existing images carry very many long tags, as many as fit into one answer, from
     * the first; nothing has been done with those from `next` on: ask again for them.
     */
    response: z.object({
      outcomes: z.array(
        z.discriminatedUnion('status', [
          z.object({ status: z.enum(['added', 'duplicate']), image: trainingImage }),
          z.object({ status: z.enum(['conflicting-tags', 'too-many-tags', 'too-many-images', 'undecodable']) }),
        ]),
      ),
      next: z.int().nonnegative().nullable().default(null),
    }),
    errors: ['NOT_FOUND', 'CONFLICT', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
    deadlineMs: 20_000,
  }),
  /**
   * By the time of creation, equal ones by number: `oldest` is exactly the reverse of `newest`. Images with many long tags
   * come fewer at a time than asked for, since the answer is one message: `end` tells whether these are the last ones.
   *
   * A caller that kept an answer passes its `revision` as `known`, and learns in an answer without images (`unchanged`)
   * that the same question still has the same answer. Answers without a revision are not to be kept.
   */
  list: defineRpc({
    owner,
    subject: 'catalog.v1.training-image.list',
    request: z.strictObject({
      ...selection,
      order: z.enum(['newest', 'oldest']).default('newest'),
      offset: paging.offset,
      limit: z.int().min(0).max(MAX_TRAINING_PAGE_SIZE),
      known: z.string().max(100).optional(),
    }),
    response: z.object({
      images: z.array(trainingImage),
      end: z.boolean(),
      revision: z.string().nullable().default(null),
      unchanged: z.boolean().default(false),
    }),
    errors: ['NOT_FOUND'],
  }),
  count: defineRpc({
    owner,
    subject: 'catalog.v1.training-image.count',
    request: z.strictObject({ ...selection, anyOfTags: z.array(objectId).max(MAX_TAGS_PER_COUNT).optional() }),
    response: z.object({ count: z.int().nonnegative() }),
    errors: ['NOT_FOUND'],
  }),
  /** How many images carry each tag; tags that none carries are left out. */
  countByTag: defineRpc({
    owner,
    subject: 'catalog.v1.training-image.count-by-tag',
    request: z.strictObject(source),
    response: z.object({
      tagged: z.int().nonnegative(),
      untagged: z.int().nonnegative(),
      tags: z.array(z.object({ tagId: objectId, count: z.int().positive() })),
    }),
    errors: ['NOT_FOUND'],
  }),
  /** In the order of the ids; unknown ones are left out. As many as fit into one answer, from the first: ask for the rest. */
  getMany: defineRpc({
    owner,
    subject: 'catalog.v1.training-image.get-many',
    request: z.strictObject({ ...source, ids: imageIds }),
    response: z.object({ images: z.array(trainingImage), next: z.int().nonnegative().nullable() }),
    errors: ['NOT_FOUND'],
  }),
  /**
   * Gives tags to images, each image at once and whole. All or nothing where an image does not exist (NOT_FOUND, whose
   * details have `imageIds`), or where a negative tag would stand beside another one (FAILED_PRECONDITION, likewise).
   * CONFLICT: a tag has been changed or deleted since it was looked up.
   */
  addTags: defineRpc({
    owner,
    subject: 'catalog.v1.training-image.add-tags',
    request: z.strictObject({
      projectId: objectId,
      taggings: z
        .array(z.strictObject({ imageId: objectId, tag: tagReference }))
        .min(1)
        .max(MAX_TAGGINGS_PER_BATCH),
    }),
    /** In the order of the request. */
    response: z.object({ statuses: z.array(z.enum(TAGGING_STATUSES)) }),
    errors: ['NOT_FOUND', 'CONFLICT', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
    deadlineMs: 20_000,
  }),
  /** Takes each of the tags from each of the images; those that do not exist are passed over. */
  removeTags: defineRpc({
    owner,
    subject: 'catalog.v1.training-image.remove-tags',
    request: z.strictObject({
      projectId: objectId,
      imageIds: z.array(objectId).min(1).max(MAX_IMAGES_PER_BATCH),
      tagIds: z.array(objectId).min(1).max(MAX_TAGS_PER_BATCH),
    }),
    response: empty,
    errors: ['NOT_FOUND', 'UNAVAILABLE'],
    deadlineMs: 20_000,
  }),
  /**
   * Adds pairs to the metadata of images, in place of those with the same keys. `too-many`: the image would have more than it
   * may, and keeps what it has.
   */
  addMetadata: defineRpc({
    owner,
    subject: 'catalog.v1.training-image.add-metadata',
    request: z.strictObject({
      projectId: objectId,
      ids: z.array(objectId).min(1).max(MAX_IMAGES_PER_BATCH),
      metadata: imageMetadata,
    }),
    /** In the order of the ids, with the metadata as it is now. */
    response: z.object({
      outcomes: z.array(
        z.discriminatedUnion('status', [
          z.object({ status: z.enum(['added', 'too-many']), metadata: imageMetadata }),
          z.object({ status: z.literal('not-found') }),
        ]),
      ),
    }),
    errors: ['NOT_FOUND', 'UNAVAILABLE'],
    deadlineMs: 20_000,
  }),
  /** Removes images from the project; snapshots keep theirs. Those that do not exist are passed over. */
  deleteMany: defineRpc({
    owner,
    subject: 'catalog.v1.training-image.delete-many',
    request: z.strictObject({ projectId: objectId, ids: imageIds.min(1) }),
    response: z.object({ deleted: z.int().nonnegative() }),
    errors: ['NOT_FOUND', 'UNAVAILABLE'],
    deadlineMs: 30_000,
  }),
};

/** Which images a project had, with which tags, at one moment. Their bytes are kept for as long as the snapshot is. */
export const snapshotContracts = {
  /**
   * Takes a snapshot of the decoded images of a project. Asked for again under the same id it is the same snapshot.
   * `revision` tells whether an image or a tagging of the project has changed since.
   */
  create: defineRpc({
    owner,
    subject: 'catalog.v1.snapshot.create',
    request: z.strictObject({ projectId: objectId, snapshotId: objectId }),
    response: z.object({ images: z.int().nonnegative(), revision: z.string() }),
    errors: ['NOT_FOUND', 'UNAVAILABLE'],
    deadlineMs: 60_000,
  }),
  /** What a snapshot that is taken now would be told as its `revision`. */
  revision: defineRpc({
    owner,
    subject: 'catalog.v1.snapshot.revision',
    request: z.strictObject({ projectId: objectId }),
    response: z.object({ revision: z.string() }),
    errors: ['NOT_FOUND'],
  }),
  /** Also when there is none. */
  delete: defineRpc({
    owner,
    subject: 'catalog.v1.snapshot.delete',
    request: z.strictObject({ projectId: objectId, snapshotId: objectId }),
    response: empty,
    errors: ['UNAVAILABLE'],
    deadlineMs: 60_000,
  }),
};

/** Pictures that were shown to a model, in a hidden project of their own, until they expire. */
export const predictedImageContracts = {
  /** The id is also that of the prediction. */
  create: defineRpc({
    owner,
    subject: 'catalog.v1.predicted-image.create',
    request: z.strictObject({
      projectId: objectId,
      id: objectId,
      content: contentReference,
      /** Seconds from now to its end. */
      timeToLive: z.int().positive(),
    }),
    response: empty,
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
  }),
  /** In the order of the ids; unknown and expired ones are left out. */
  getMany: defineRpc({
    owner,
    subject: 'catalog.v1.predicted-image.get-many',
    request: z.strictObject({ projectId: objectId, ids: imageIds }),
    response: z.object({ images: z.array(trainingImage) }),
    errors: ['NOT_FOUND'],
  }),
  deleteMany: defineRpc({
    owner,
    subject: 'catalog.v1.predicted-image.delete-many',
    request: z.strictObject({ projectId: objectId, ids: imageIds.min(1) }),
    response: empty,
    errors: ['NOT_FOUND', 'UNAVAILABLE'],
    deadlineMs: 30_000,
  }),
};
