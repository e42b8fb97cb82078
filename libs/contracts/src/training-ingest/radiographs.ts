import { z } from 'zod';
import { defineRpc } from '../define.js';
import { contentReference, modalityReference, radiograph, radiographInfo, radiographKey } from '../schemas.js';

const owner = 'training-ingest' as const;

export const radiographIngestContracts = {
  /** Adds a radiograph. The caller has checked that its stored bytes are a whole 16-bit grayscale PNG. */
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
