import type { RunReadingState, SamplingState } from '@pentaprism/event-files';
import { Schema, type Types } from 'mongoose';
import type { RunOrigin } from './run-source.js';
import type { VoidEvents } from './void-events.js';

/** The runs of a workspace. */
export interface EventLogDocument {
  /** The workspace. */
  _id: string;
  /** Counts the changes of what the workspace shows. */
  revision: number;
}

/** A directory of event files, or a run that was pushed. */
export interface LoggedRunDocument {
  _id: Types.ObjectId;
  workspace: string;
  origin: RunOrigin;
  name: string;
  /** Counts the passes over this run. A pass is dropped if another one was stored since it began. */
  version: number;
  /** Events that are kept of each tag, or 0 for all. */
  sampleSize: number;
  /** Seconds since the Unix epoch, of the first event. Null before one is read. May be NaN. */
  firstWallTime: number | null;
  /** Without the tags, which are series. */
  reading: Omit<RunReadingState, 'tags'>;
  /** Since when its place cannot be seen. From then on no call shows the run, until the place is seen again. */
  hiddenAt: Date | null;
  /** Since when it is no run any more. Its records follow later. */
  removedAt: Date | null;
}

/** An event file, and how far it has been read. */
export interface LogFileDocument {
  _id: Types.ObjectId;
  workspace: string;
  run: Types.ObjectId;
  name: string;
  /** Such as device and inode. A file that was replaced has another. */
  identity: string;
  /** Whether it is the file of its run that is read first. */
  isFirst: boolean;
  /** Bytes up to the end of the last whole record that was read. */
  offset: number;
  /** The checksum in the four bytes before `offset`, to recognise a file that was rewritten. Null at offset 0. */
  checksum: number | null;
  /** The size that the file needs for its next record, as far as it is known. */
  awaitedSize: number;
  /** Why nothing more is read of it. */
  ended: string | null;
  /** How many problems it has had. */
  problems: number;
}

/** Something that could not be read. */
export interface LogProblemDocument {
  _id: Types.ObjectId;
  workspace: string;
  run: Types.ObjectId;
  runName: string;
  file: string;
  problem: string;
}

/** A tag of a run. Those of other plugins are kept by their name alone, because the first metadata of a tag decides. */
export interface ImageSeriesDocument extends SamplingState {
  _id: Types.ObjectId;
  workspace: string;
  run: Types.ObjectId;
  tag: string;
  ofImages: boolean;
  displayName: string;
  /** HTML. */
  description: string;
  /** The largest number of images of a kept event. */
  samples: number;
  /** Kept events. */
  events: number;
  /** The place of the next event. */
  nextPlace: number;
  /** Events that were removed and whose documents are still there, because they may be too many for a transaction. */
  voids?: VoidEvents[];
  /** Set as long as `voids` has an element. */
  hasVoids?: true;
}

/** Where an image is in the blob of its event. */
export interface EventImage {
  readonly offset: number;
  readonly length: number;
  readonly sha256: string;
  readonly mediaType: string;
}

export interface ImageEventDocument {
  _id: Types.ObjectId;
  workspace: string;
  run: Types.ObjectId;
  series: Types.ObjectId;
  /** Later events of a series have larger places. */
  place: number;
  /** The step as 16 hexadecimal digits, of which the order is that of the numbers. */
  step: string;
  /** May be NaN or infinite. */
  wallTime: number;
  width: number;
  height: number;
  /** Null for an event without images. */
  blob: { readonly sha256: string; readonly size: number } | null;
  images: readonly EventImage[];
}

/** A blob that no event refers to. */
export interface UnusedBlobDocument {
  /** The workspace, a slash and the sha256. */
  _id: string;
  /** When it was found to be unused. */
  since: Date;
}

export const EVENT_LOG_MODEL = 'EventLog';
export const LOGGED_RUN_MODEL = 'LoggedRun';
export const LOG_FILE_MODEL = 'LogFile';
export const LOG_PROBLEM_MODEL = 'LogProblem';
export const IMAGE_SERIES_MODEL = 'ImageSeries';
export const IMAGE_EVENT_MODEL = 'ImageEvent';
export const UNUSED_BLOB_MODEL = 'UnusedEventBlob';

const id = { type: Schema.Types.ObjectId, required: true } as const;
const text = { type: String, required: true } as const;
const number = { type: Number, required: true } as const;
const date = { type: Date, default: null } as const;
const flag = { type: Boolean, required: true } as const;
const plain = { versionKey: false, minimize: false } as const;

const eventLogSchema = new Schema<EventLogDocument>(
  { _id: text, revision: number },
  { collection: 'event_logs', ...plain },
);

const loggedRunSchema = new Schema<LoggedRunDocument>(
  {
    workspace: text,
    origin: text,
    name: text,
    version: number,
    sampleSize: number,
    firstWallTime: { type: Number, default: null },
    reading: { type: Schema.Types.Mixed, required: true },
    hiddenAt: date,
    removedAt: date,
  },
  { collection: 'logged_runs', ...plain },
);
loggedRunSchema.index({ workspace: 1, name: 1 }, { unique: true, partialFilterExpression: { removedAt: null } });
loggedRunSchema.index({ removedAt: 1 }, { partialFilterExpression: { removedAt: { $type: 'date' } } });
loggedRunSchema.index({ hiddenAt: 1 }, { partialFilterExpression: { hiddenAt: { $type: 'date' } } });

const logFileSchema = new Schema<LogFileDocument>(
  {
    workspace: text,
    run: id,
    name: text,
    identity: text,
    isFirst: flag,
    offset: number,
    checksum: { type: Number, default: null },
    awaitedSize: number,
    ended: { type: String, default: null },
    problems: number,
  },
  { collection: 'log_files', ...plain },
);
logFileSchema.index({ run: 1, name: 1 }, { unique: true });

const logProblemSchema = new Schema<LogProblemDocument>(
  { workspace: text, run: id, runName: text, file: text, problem: text },
  { collection: 'log_problems', ...plain },
);
logProblemSchema.index({ workspace: 1, _id: 1 });
logProblemSchema.index({ run: 1 });

const imageSeriesSchema = new Schema<ImageSeriesDocument>(
  {
    workspace: text,
    run: id,
    tag: text,
    ofImages: flag,
    displayName: text,
    description: text,
    samples: number,
    events: number,
    seen: number,
    drawn: number,
    nextPlace: number,
    voids: Schema.Types.Mixed,
    hasVoids: Boolean,
  },
  { collection: 'image_series', ...plain },
);
imageSeriesSchema.index({ run: 1, tag: 1 }, { unique: true });
imageSeriesSchema.index({ workspace: 1, _id: 1 }, { partialFilterExpression: { events: { $gt: 0 } } });

imageSeriesSchema.index({ hasVoids: 1 }, { partialFilterExpression: { hasVoids: true } });

const imageEventSchema = new Schema<ImageEventDocument>(
  {
    workspace: text,
    run: id,
    series: id,
    place: number,
    step: text,
    wallTime: number,
    width: number,
    height: number,
    blob: { type: Schema.Types.Mixed, default: null },
    images: { type: Schema.Types.Mixed, required: true },
  },
  { collection: 'image_events', ...plain },
);
imageEventSchema.index({ series: 1, step: 1, place: 1 }, { unique: true });
imageEventSchema.index({ workspace: 1, 'blob.sha256': 1 });

const unusedBlobSchema = new Schema<UnusedBlobDocument>(
  { _id: text, since: { type: Date, required: true } },
  { collection: 'unused_event_blobs', ...plain },
);

/** All of them, for the module. */
export const EVENT_LOG_MODELS = [
  { name: EVENT_LOG_MODEL, schema: eventLogSchema },
  { name: LOGGED_RUN_MODEL, schema: loggedRunSchema },
  { name: LOG_FILE_MODEL, schema: logFileSchema },
  { name: LOG_PROBLEM_MODEL, schema: logProblemSchema },
  { name: IMAGE_SERIES_MODEL, schema: imageSeriesSchema },
  { name: IMAGE_EVENT_MODEL, schema: imageEventSchema },
  { name: UNUSED_BLOB_MODEL, schema: unusedBlobSchema },
];
