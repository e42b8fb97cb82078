import { MAX_PAGE_SIZE } from '@pentaprism/domain';
import { z } from 'zod';
import { defineFact, defineJob, defineRpc, defineSignal, QUEUES } from './define.js';
import {
  apiKey,
  contentReference,
  contentState,
  empty,
  epochSecond,
  fileName,
  idOrNumber,
  image,
  job,
  lookupTable,
  modalityId,
  modalityReference,
  objectId,
  paging,
  picture,
  radiograph,
  radiographInfo,
  radiographKey,
  role,
  sha256,
  tagGroups,
  tagReference,
  timestamp,
  workspaceName,
} from './schemas.js';
import { tagChange } from './tagging.contracts.js';

const owner = 'catalog' as const;

export const apiKeyContracts = {
  /**
   * Who a key is: `id.secret` or a bare secret, in one of several readings of what was sent. An unknown id and a wrong
   * secret answer alike. Asked without a workspace.
   */
  verify: defineRpc({
    owner,
    subject: 'catalog.v1.api-key.verify',
    request: z.strictObject({ credentials: z.array(z.string().max(500)).min(1).max(4) }),
    response: apiKey,
    errors: ['UNAUTHENTICATED'],
  }),
  /** Makes a key; its secret is in this answer and nowhere else. Another workspace than the caller's is made on the way. */
  create: defineRpc({
    owner,
    subject: 'catalog.v1.api-key.create',
    request: z.strictObject({ name: z.string().min(1).max(100), role, workspace: workspaceName.optional() }),
    response: apiKey.extend({ secret: z.string() }),
    errors: ['INVALID_ARGUMENT', 'PERMISSION_DENIED', 'FAILED_PRECONDITION'],
  }),
  list: defineRpc({
    owner,
    subject: 'catalog.v1.api-key.list',
    request: empty,
    response: z.object({ keys: z.array(apiKey) }),
  }),
  revoke: defineRpc({
    owner,
    subject: 'catalog.v1.api-key.revoke',
    request: z.strictObject({ id: z.string().max(100) }),
    response: empty,
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION'],
  }),
};

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

const knownSession = z.object({ workspace: workspaceName, sessionId: modalityId });
export type KnownSession = z.output<typeof knownSession>;

export const radiographContracts = {
  /** Records a radiograph, in the workspace's project for them; a worker makes the picture that is shown elsewhere. */
  create: defineRpc({
    owner,
    subject: 'catalog.v1.radiograph.create',
    request: z.strictObject({
      /** A whole PNG of 16 bits, grayscale; whoever stored it has made sure. */
      source: contentReference,
      info: radiographInfo,
      session: modalityReference.nullable(),
      /** Seconds from its creation to its end. */
      timeToLive: z.int().positive(),
    }),
    response: radiograph,
    errors: ['UNAVAILABLE'],
  }),
  /** NOT_FOUND from the millisecond on at which it expires. */
  get: defineRpc({
    owner,
    subject: 'catalog.v1.radiograph.get',
    request: z.strictObject({ key: radiographKey }),
    response: radiograph,
    errors: ['NOT_FOUND'],
  }),
  delete: defineRpc({
    owner,
    subject: 'catalog.v1.radiograph.delete',
    request: z.strictObject({ key: radiographKey }),
    response: empty,
    errors: ['NOT_FOUND'],
  }),
  /** Sessions of modalities that radiographs belong to, of all workspaces, in order; asked without a workspace. */
  listSessions: defineRpc({
    owner,
    subject: 'catalog.v1.radiograph.list-sessions',
    request: z.strictObject({
      limit: z.int().min(1).max(MAX_PAGE_SIZE),
      /** The last one of the answer before; null: from the first. */
      after: knownSession.nullable().default(null),
    }),
    response: z.object({ sessions: z.array(knownSession) }),
  }),
  /** A session has ended: its radiographs are gone, with their bytes. */
  endSession: defineRpc({
    owner,
    subject: 'catalog.v1.radiograph.end-session',
    request: z.strictObject({ sessionId: modalityId }),
    response: z.object({ deleted: z.int().nonnegative() }),
    errors: ['UNAVAILABLE'],
    deadlineMs: 55_000,
  }),
};

export const counterContracts = {
  /** The next number of a sequence of the workspace: atomic, increasing, never given twice. */
  next: defineRpc({
    owner,
    subject: 'catalog.v1.counter.next',
    request: z.strictObject({ sequence: z.enum(['tag', 'job']), count: z.int().min(1).max(1000).default(1) }),
    response: z.object({ first: z.int().positive() }),
  }),
};

export const jobDirectoryContracts = {
  /** A job of any owner, by id or number: every look-up goes to the catalog, every change to the owner. */
  get: defineRpc({
    owner,
    subject: 'catalog.v1.job.get',
    request: idOrNumber,
    response: job,
    errors: ['NOT_FOUND'],
  }),
  /** Whether jobs of the workspace wait or run in a queue of the catalog's own. */
  pending: defineRpc({
    owner,
    subject: 'catalog.v1.queue.pending',
    request: z.strictObject({ queue: z.enum(QUEUES) }),
    response: z.object({ pending: z.boolean() }),
  }),
};

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

const undecodable = z.object({
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

/** Make the picture of a radiograph that is shown elsewhere: 8 bits a pixel, through its lookup table. */
export const renderRadiograph = defineJob({
  owner,
  type: 'radiograph.render',
  queue: 'analysis',
  payload: z.object({
    workspace: workspaceName,
    imageId: objectId,
    source: contentReference,
    lut: lookupTable.nullable(),
  }),
  result: z.discriminatedUnion('state', [analysis.extend({ content: contentReference }), undecodable]),
});

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

/** Bytes are gone for good: whatever was computed from them may follow. */
export const contentRemoved = defineFact({ owner, name: 'content.removed', data: z.object({ sha256 }) });

/** The pixels of a content are known now, or it is known that it has none. */
export const contentAnalysed = defineSignal({
  owner,
  subject: 'catalog.v1.signal.content-analysed',
  data: z.object({ workspace: workspaceName, sha256 }),
});

/** An image is gone, or has other bytes than it had. */
export const imageContentChanged = defineSignal({
  owner,
  subject: 'catalog.v1.signal.image-content-changed',
  data: z.object({ workspace: workspaceName, imageId: objectId }),
});
