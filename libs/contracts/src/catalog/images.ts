import { MAX_PAGE_SIZE } from '@pentaprism/domain';
import { z } from 'zod';
import { defineFact, defineRpc, defineSignal } from '../define.js';
import {
  contentReference,
  contentState,
  empty,
  epochSecond,
  fileName,
  idOrNumber,
  image,
  objectId,
  paging,
  picture,
  sha256,
  tagGroups,
  tagReference,
  timestamp,
  workspaceName,
} from '../schemas.js';
import { tagChange } from '../tagging/tags.js';

const owner = 'catalog' as const;

/** Images of one page of `listDecoded`. */
export const MAX_DECODED_IMAGES_PER_PAGE = 4_000;

/** An image, as a place in a list of them, oldest first. */
const listPlace = z.object({ second: epochSecond, number: z.int().positive() });

export const imageContracts = {
  /**
   * Records an image in a project (default: the library), with its content where the bytes are stored already.
   * CONFLICT: one of the tags has been changed or deleted since it was looked up. FAILED_PRECONDITION: one of several tags
   * is a negative one.
   */
  create: defineRpc({
    owner,
    subject: 'catalog.v1.image.create',
    request: z.strictObject({
      projectId: objectId.optional(),
      fileName,
      announcedSize: z.int().nonnegative(),
      tags: z.array(tagReference),
      content: contentReference.nullable(),
    }),
    response: image,
    errors: ['NOT_FOUND', 'CONFLICT', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
  }),
  /**
   * Gives an image its bytes, or other bytes than it had. With `ifUploadedAt` only if that is still when it got its
   * present ones (null: it has none), otherwise CONFLICT.
   */
  attach: defineRpc({
    owner,
    subject: 'catalog.v1.image.attach',
    request: z.strictObject({
      id: objectId,
      content: contentReference,
      ifUploadedAt: timestamp.nullable().optional(),
    }),
    response: image,
    errors: ['NOT_FOUND', 'CONFLICT', 'UNAVAILABLE'],
  }),
  /** Replaces the tags of an image. Refused as `create` is. */
  setTags: defineRpc({
    owner,
    subject: 'catalog.v1.image.set-tags',
    request: z.strictObject({ id: objectId, tags: z.array(tagReference) }),
    response: image,
    errors: ['NOT_FOUND', 'CONFLICT', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
  }),
  /**
   * Keeps a tag off images with other tags, as a negative one, for as long as tagging may take to make it one.
   * FAILED_PRECONDITION: an image carries it beside another.
   */
  reserveNegativeTag: defineRpc({
    owner,
    subject: 'catalog.v1.image.reserve-negative-tag',
    request: z.strictObject({ tagId: objectId, projectId: objectId, name: z.string() }),
    response: empty,
    errors: ['FAILED_PRECONDITION', 'UNAVAILABLE'],
    /** It looks twice at every image that carries the tag. */
    deadlineMs: 50_000,
  }),
  /** Tells every image that carries a tag what has become of it. A change that is older than what is known is none. */
  applyTag: defineRpc({
    owner,
    subject: 'catalog.v1.image.apply-tag',
    request: tagChange,
    response: empty,
    errors: ['UNAVAILABLE'],
    deadlineMs: 55_000,
  }),
  get: defineRpc({
    owner,
    subject: 'catalog.v1.image.get',
    request: idOrNumber,
    response: image,
    errors: ['NOT_FOUND'],
  }),
  /** Where the bytes of images are. Left out: unknown images, and those without a file. */
  getContents: defineRpc({
    owner,
    subject: 'catalog.v1.image.get-contents',
    request: z.strictObject({ ids: z.array(objectId).max(MAX_PAGE_SIZE) }),
    response: z.object({
      contents: z.array(
        contentReference.extend({
          imageId: objectId,
          fileName: z.string(),
          /** From then on it is not to be had; null: it stays. */
          expiresAt: timestamp.nullable(),
          state: contentState,
          reason: z.string().nullable(),
        }),
      ),
    }),
  }),
  /**
   * Newest created first; within one second the highest number first. Bounds are inclusive. Images with many long tags
   * come fewer at a time than asked for, since the answer is one message: ask again for the rest.
   *
   * `revision` changes whenever an image of the project does. A caller that kept an answer passes its revision as
   * `known`, and learns in an answer without images (`unchanged`) that the same question still has the same answer.
   */
  list: defineRpc({
    owner,
    subject: 'catalog.v1.image.list',
    request: z.strictObject({
      projectId: objectId.optional(),
      createdFrom: epochSecond.optional(),
      createdTo: epochSecond.optional(),
      uploadedOnly: z.boolean().default(false),
      /** The image carries at least one tag of each of these groups; an empty group matches no image. */
      tagGroups: tagGroups.default([]),
      known: z.string().max(100).optional(),
      ...paging,
    }),
    response: z.object({
      images: z.array(image),
      total: z.int(),
      revision: z.string(),
      unchanged: z.boolean().default(false),
    }),
    errors: ['NOT_FOUND'],
  }),
  /**
   * Lists the images of a project whose pixels are known, oldest first, without counting them. `revision` and `known`: as for `list`,
   * but `revision` also changes when the pixels of an image become known.
   */
  listDecoded: defineRpc({
    owner,
    subject: 'catalog.v1.image.list-decoded',
    request: z.strictObject({
      projectId: objectId,
      after: listPlace.strict().optional(),
      known: z.string().max(100).optional(),
      limit: z.int().min(1).max(MAX_DECODED_IMAGES_PER_PAGE),
    }),
    response: z.object({
      images: z.array(
        z.object({
          id: objectId,
          sha256,
          /** Absent: it stays. */
          expiresAt: timestamp.optional(),
        }),
      ),
      /** Null: these are the last images. */
      next: listPlace.nullable(),
      /** Images of the project with bytes that have not been decoded yet. */
      pending: z.int().nonnegative(),
      revision: z.string(),
      unchanged: z.boolean(),
    }),
    errors: ['NOT_FOUND'],
  }),
  /** Removes the record and, where nothing else points to them, its bytes. */
  delete: defineRpc({
    owner,
    subject: 'catalog.v1.image.delete',
    request: idOrNumber,
    response: z.object({ id: objectId }),
    errors: ['NOT_FOUND'],
  }),
  /** One image of a project whose pixels are known. NOT_FOUND for what cannot be decoded or is not analysed yet. */
  getPicture: defineRpc({
    owner,
    subject: 'catalog.v1.image.get-picture',
    request: z.strictObject({ projectId: objectId, id: objectId }),
    response: picture,
    errors: ['NOT_FOUND'],
  }),
  /**
   * `count` pictures of a project, chosen by `seed`: the same seed over the same images chooses the same ones.
   * `pending` counts the images that are not analysed yet, so that the caller can wait for them.
   */
  choosePictures: defineRpc({
    owner,
    subject: 'catalog.v1.image.choose-pictures',
    request: z.strictObject({ projectId: objectId, count: z.int().min(0).max(1000), seed: z.string().max(200) }),
    response: z.object({ pictures: z.array(picture), decoded: z.int(), pending: z.int() }),
    errors: ['NOT_FOUND'],
  }),
};

export const imageAdded = defineFact({
  owner,
  name: 'image.added',
  data: z.object({ imageId: objectId, projectId: objectId, sha256 }),
});

export const imageDeleted = defineFact({
  owner,
  name: 'image.deleted',
  data: z.object({ imageId: objectId, projectId: objectId, sha256: sha256.nullable() }),
});

/** An image is gone, or has other bytes than it had. */
export const imageContentChanged = defineSignal({
  owner,
  subject: 'catalog.v1.signal.image-content-changed',
  data: z.object({ workspace: workspaceName, imageId: objectId }),
});
