import { z } from 'zod';
import { defineRpc, defineSignal } from '../define.js';
import { contentReference, objectId, workspaceName } from '../schemas.js';

const owner = 'training-ingest' as const;

/** The area of the blob store that holds the images of event logs, many in one blob. */
export const EVENT_IMAGES_AREA = 'eventimages';

/** Runs, series or events of one page. Fewer where they are large. */
export const MAX_EVENT_LOG_PAGE = 5_000;

/**
 * A double as text, because JSON has no NaN, no infinity and no negative zero: what `String(number)` writes, and `-0`.
 */
export const doubleText = z.string().regex(/^(?:NaN|-?Infinity|-?\d.*)$/);

/** A step of 64 bits in decimal. */
export const stepText = z.string().regex(/^-?\d{1,20}$/);

/** Changes with each change of what the workspace shows. Pages with different ones do not belong together. */
const revision = z.string();
const page = {
  after: z.string().optional(),
  limit: z.int().min(1).max(MAX_EVENT_LOG_PAGE).default(MAX_EVENT_LOG_PAGE),
};

export const loggedRun = z.object({
  id: objectId,
  /** A path with `/`, or `.` for the log directory itself. */
  name: z.string(),
});
export type LoggedRun = z.output<typeof loggedRun>;

/** The images of one tag of a run. */
export const imageSeries = z.object({
  id: objectId,
  runId: objectId,
  tag: z.string(),
  displayName: z.string(),
  /** HTML without active content. */
  description: z.string(),
  /** The largest number of images that a kept event has. */
  samples: z.int().nonnegative(),
});
export type ImageSeries = z.output<typeof imageSeries>;

/** Where an image is in a blob of the area `EVENT_IMAGES_AREA`. */
export const storedPart = z.object({
  /** The blob. */
  content: contentReference.omit({ mediaType: true }),
  /** Of the first byte, from 0. */
  offset: z.int().nonnegative(),
  length: z.int().nonnegative(),
  /** Of the image. */
  sha256: z.string(),
  mediaType: z.string(),
});
export type StoredPart = z.output<typeof storedPart>;

export const imageEvent = z.object({
  id: objectId,
  step: stepText,
  /** Seconds since the Unix epoch. */
  wallTime: doubleText,
  /** As the writer declared them, in pixels. */
  width: z.int().nonnegative(),
  height: z.int().nonnegative(),
  images: z.array(storedPart),
});
export type ImageEvent = z.output<typeof imageEvent>;

export const eventLogContracts = {
  /** Returns the revision of the workspace's runs, which is '0' where there has never been one. */
  revision: defineRpc({
    owner,
    subject: 'training-ingest.v1.event-log.revision',
    request: z.strictObject({}),
    response: z.object({ revision }),
    errors: ['UNAVAILABLE'],
  }),
  /** Lists runs by the time of their first event, those without one last, then by name. */
  runs: defineRpc({
    owner,
    subject: 'training-ingest.v1.event-log.runs',
    request: z.strictObject(page),
    response: z.object({ revision, runs: z.array(loggedRun), next: z.string().nullable() }),
    errors: ['UNAVAILABLE'],
  }),
  /** Lists the series that have an event, in no order. */
  series: defineRpc({
    owner,
    subject: 'training-ingest.v1.event-log.series',
    request: z.strictObject(page),
    response: z.object({ revision, series: z.array(imageSeries), next: z.string().nullable() }),
    errors: ['UNAVAILABLE'],
  }),
  /** Lists the kept events of a series by their step. Of several with one step, the first that was kept. */
  events: defineRpc({
    owner,
    subject: 'training-ingest.v1.event-log.events',
    request: z.strictObject({ seriesId: objectId, ...page }),
    response: z.object({ revision, events: z.array(imageEvent), next: z.string().nullable() }),
    errors: ['NOT_FOUND', 'UNAVAILABLE'],
  }),
  /** Returns the images of an event that is kept. */
  event: defineRpc({
    owner,
    subject: 'training-ingest.v1.event-log.event',
    request: z.strictObject({ eventId: objectId }),
    response: imageEvent,
    errors: ['NOT_FOUND', 'UNAVAILABLE'],
  }),
  /** Lists what could not be read, newest first. */
  problems: defineRpc({
    owner,
    subject: 'training-ingest.v1.event-log.problems',
    request: z.strictObject(page),
    response: z.object({
      problems: z.array(z.object({ run: z.string(), file: z.string(), problem: z.string() })),
      next: z.string().nullable(),
    }),
    errors: ['UNAVAILABLE'],
  }),
};

/** Sent when what the workspace's event logs show has changed. */
export const eventLogChanged = defineSignal({
  owner,
  subject: 'training-ingest.v1.signal.event-log-changed',
  data: z.object({ workspace: workspaceName }),
});
