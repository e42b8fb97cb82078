import { z } from 'zod';
import { defineRpc } from '../define.js';
import { contentReference, empty, modalityId, modalityReference, radiographInfo, timestamp } from '../schemas.js';

const owner = 'training-ingest' as const;

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
