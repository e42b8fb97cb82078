import { z } from 'zod';
import { defineRpc } from './define.js';
import {
  contentReference,
  empty,
  fileName,
  idOrNumber,
  image,
  modalityId,
  modalityReference,
  objectId,
  radiograph,
  radiographInfo,
  radiographKey,
  tagNames,
  timestamp,
} from './schemas.js';

const owner = 'training-ingest' as const;

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

export const radiographIngestContracts = {
  /** A radiograph comes in; whoever stored its bytes has made sure that they are a whole 16-bit grayscale PNG. */
  add: defineRpc({
    owner,
    subject: 'training-ingest.v1.radiograph.add',
    request: z.strictObject({ content: contentReference, info: radiographInfo }),
    response: radiograph,
    errors: ['UNAVAILABLE'],
  }),
  /**
   * A radiograph is copied from a session of a modality. NOT_FOUND: no such session or image there.
   * UPSTREAM_FAILED, DEADLINE_EXCEEDED: the modality is down. UNSUPPORTED_MEDIA_TYPE: its image is of another kind.
   */
  addFromModality: defineRpc({
    owner,
    subject: 'training-ingest.v1.radiograph.add-from-modality',
    request: modalityReference.strict(),
    response: radiograph,
    errors: ['NOT_FOUND', 'UNAVAILABLE', 'UPSTREAM_FAILED', 'DEADLINE_EXCEEDED', 'UNSUPPORTED_MEDIA_TYPE'],
    deadlineMs: 60_000,
  }),
  /**
   * NOT_FOUND: expired, deleted, or its session has ended. UPSTREAM_FAILED, DEADLINE_EXCEEDED: the modality does not say
   * whether it has.
   */
  get: defineRpc({
    owner,
    subject: 'training-ingest.v1.radiograph.get',
    request: z.strictObject({ key: radiographKey }),
    response: radiograph,
    errors: ['NOT_FOUND', 'UPSTREAM_FAILED', 'DEADLINE_EXCEEDED'],
    // Two questions to a modality, in the time that it has for each by default.
    deadlineMs: 12_000,
  }),
};

const modalitySession = z.object({ sessionId: z.string(), createdAt: timestamp, expiresAt: timestamp });
export type ModalitySession = z.output<typeof modalitySession>;

const modalityImage = modalityReference.extend({
  content: contentReference,
  info: radiographInfo,
  createdAt: timestamp,
});
export type ModalityImage = z.output<typeof modalityImage>;

/**
 * Sessions that are kept here, for installations without a device. FAILED_PRECONDITION: this one asks a modality for
 * its sessions, and keeps none.
 */
export const modalityContracts = {
  createSession: defineRpc({
    owner,
    subject: 'training-ingest.v1.modality.create-session',
    request: empty,
    response: modalitySession,
    errors: ['FAILED_PRECONDITION', 'RATE_LIMITED'],
  }),
  getSession: defineRpc({
    owner,
    subject: 'training-ingest.v1.modality.get-session',
    request: z.strictObject({ sessionId: modalityId }),
    response: modalitySession,
    errors: ['FAILED_PRECONDITION', 'NOT_FOUND'],
  }),
  /** Ends a session: its images are gone, and so are the radiographs that were made of them. */
  endSession: defineRpc({
    owner,
    subject: 'training-ingest.v1.modality.end-session',
    request: z.strictObject({ sessionId: modalityId }),
    response: empty,
    errors: ['FAILED_PRECONDITION', 'NOT_FOUND', 'UNAVAILABLE'],
    deadlineMs: 60_000,
  }),
  /** An image was taken. Its bytes are in the area `modality` of the blob store, checked. */
  addImage: defineRpc({
    owner,
    subject: 'training-ingest.v1.modality.add-image',
    request: z.strictObject({ sessionId: modalityId, content: contentReference, info: radiographInfo }),
    response: modalityImage,
    errors: ['FAILED_PRECONDITION', 'NOT_FOUND', 'RATE_LIMITED'],
  }),
  /** In the order in which they were taken. */
  listImages: defineRpc({
    owner,
    subject: 'training-ingest.v1.modality.list-images',
    request: z.strictObject({ sessionId: modalityId }),
    response: z.object({ images: z.array(modalityImage) }),
    errors: ['FAILED_PRECONDITION', 'NOT_FOUND'],
  }),
  getImage: defineRpc({
    owner,
    subject: 'training-ingest.v1.modality.get-image',
    request: modalityReference.strict(),
    response: modalityImage,
    errors: ['FAILED_PRECONDITION', 'NOT_FOUND'],
  }),
};
