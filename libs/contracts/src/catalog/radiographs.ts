import { MAX_PAGE_SIZE } from '@pentaprism/domain';
import { z } from 'zod';
import { defineJob, defineRpc } from '../define.js';
import {
  contentReference,
  empty,
  lookupTable,
  modalityId,
  modalityReference,
  objectId,
  radiograph,
  radiographInfo,
  radiographKey,
  workspaceName,
} from '../schemas.js';
import { analysis, undecodable } from './contents.js';

const owner = 'catalog' as const;

const knownSession = z.object({ workspace: workspaceName, sessionId: modalityId });
export type KnownSession = z.output<typeof knownSession>;

export const radiographContracts = {
  /** Records a radiograph, in the workspace's project for them; a worker makes the picture that is shown elsewhere. */
  create: defineRpc({
    owner,
    subject: 'catalog.v1.radiograph.create',
    request: z.strictObject({
      /** A whole PNG of 16 bits, grayscale. The caller has checked it before it was stored. */
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
