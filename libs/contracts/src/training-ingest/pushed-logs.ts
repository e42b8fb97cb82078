import { z } from 'zod';
import { defineRpc } from '../define.js';
import { contentReference, empty } from '../schemas.js';

const owner = 'training-ingest' as const;

/** The area of the blob store that holds pushed pieces of event files until they are read. */
export const EVENT_UPLOADS_AREA = 'eventuploads';

/** Characters of the name of a run. */
export const MAX_RUN_NAME_LENGTH = 4_096;
/** Characters of the name of an event file. */
export const MAX_EVENT_FILE_NAME_LENGTH = 255;

export const pushedRunName = z.string().min(1).max(MAX_RUN_NAME_LENGTH);

/** An event file of a run. The names hold any characters. */
export const pushedFile = z.strictObject({
  run: pushedRunName,
  file: z.string().min(1).max(MAX_EVENT_FILE_NAME_LENGTH),
});
export type PushedFile = z.output<typeof pushedFile>;

/** Bytes up to the end of the last whole record of which all images are stored. */
const offset = z.int().nonnegative();

export const pushedLogContracts = {
  /**
   * Returns how much of a pushed file is stored: 0 for one that is not known.
   *
   * CONFLICT: the log directory has the run.
   */
  offset: defineRpc({
    owner,
    subject: 'training-ingest.v1.pushed-log.offset',
    request: pushedFile,
    response: z.object({
      offset,
      /** Why nothing more of the file is read, or null. */
      ended: z.string().nullable(),
    }),
    errors: ['CONFLICT', 'UNAVAILABLE'],
  }),
  /**
   * Reads a piece of a file from an offset on. A call reads for some seconds; another one goes on. The piece is removed when all of
   * it was read, and when the call fails for good.
   *
   * CONFLICT: another offset is stored, or the log directory has the run. FAILED_PRECONDITION: nothing more of the file is
   * read, or the workspace has too many runs.
   */
  append: defineRpc({
    owner,
    subject: 'training-ingest.v1.pushed-log.append',
    request: pushedFile.extend({
      /** What has to be stored of the file now. */
      offset,
      piece: contentReference.omit({ mediaType: true }).extend({
        /** Of its first byte in the file. */
        start: offset,
      }),
    }),
    response: z.object({
      offset,
      /** Whether the piece has more records behind `offset`. */
      hasMore: z.boolean(),
    }),
    errors: ['CONFLICT', 'FAILED_PRECONDITION', 'STORAGE_FULL', 'UNAVAILABLE'],
    deadlineMs: 60_000,
  }),
  /**
   * Deletes a run that was pushed.
   *
   * CONFLICT: the log directory has the run.
   */
  deleteRun: defineRpc({
    owner,
    subject: 'training-ingest.v1.pushed-log.delete-run',
    request: z.strictObject({ run: pushedRunName }),
    response: empty,
    errors: ['CONFLICT', 'NOT_FOUND', 'UNAVAILABLE'],
  }),
};
