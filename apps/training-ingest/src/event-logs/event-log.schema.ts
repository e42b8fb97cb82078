import type { RunReadingState, SamplingState } from '@pentaprism/event-files';
import { Schema, type Types } from 'mongoose';
import type { RunOrigin } from './run-source.js';

/** The runs of a workspace. One document, which each pass writes. */
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
  /** Seconds since the Unix epoch, of the first event of the first file. Null before it is read. May be NaN. */
  firstWallTime: number | null;
  /** Without the tags, which are series. */
  reading: Omit<RunReadingState, 'tags'>;
  /** When its directory was found to be gone. From then on no call shows it. */
  hiddenAt: Date | null;
}

/** An event file, and how far it has been read. */
export interface LogFileDocument {
  _id: Types.ObjectId;
  workspace: string;
  run: Types.ObjectId;
  name: string;
  /** Device and inode, in decimal. A file that was replaced has others. */
  identity: string;
  /** Whether it is the file of its run that is read first. */
  isFirst: boolean;
  /** Bytes up to the end of the last whole record that was read. */
  offset: number;
  /** The last record that was read, to recognise a file that was written anew. */
  last: { readonly start: number; readonly checksum: number } | null;
  /** The size that the file needs for its next record. */
  awaitedSize: number;
  /** Why nothing more is read of it. */
  problem: string | null;
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
  /** In the sample: events that come later have larger ones. */
  place: number;
  /** The step as 16 hexadecimal digits, of which the order is that of the numbers. */
  step: string;
  wallTime: number;
  width: number;
  height: number;
  blob: { readonly sha256: string; readonly size: number } | null;
  images: EventImage[];
}

export const EVENT_LOG_MODEL = 'EventLog';
export const LOGGED_RUN_MODEL = 'LoggedRun';
export const LOG_FILE_MODEL = 'LogFile';
export const IMAGE_SERIES_MODEL = 'ImageSeries';
export const IMAGE_EVENT_MODEL = 'ImageEvent';

const id = { type: Schema.Types.ObjectId, required: true } as const;
const text = { type: String, required: true } as const;
const number = { type: Number, required: true } as const;
const plain = { versionKey: false, minimize: false } as const;

export const eventLogSchema = new Schema<EventLogDocument>(
  { _id: text, revision: number },
  { collection: 'event_logs', ...plain },
);

export const loggedRunSchema = new Schema<LoggedRunDocument>(
  {
    workspace: text,
    origin: text,
    name: { type: String, default: '' },
    firstWallTime: { type: Number, default: null },
    reading: { type: Schema.Types.Mixed, required: true },
    hiddenAt: { type: Date, default: null },
  },
  { collection: 'logged_runs', ...plain },
);
loggedRunSchema.index({ workspace: 1, name: 1 }, { unique: true, partialFilterExpression: { hiddenAt: null } });

export const logFileSchema = new Schema<LogFileDocument>(
  {
    workspace: text,
    run: id,
    name: text,
    identity: text,
    isFirst: { type: Boolean, required: true },
    offset: number,
    last: { type: Schema.Types.Mixed, default: null },
    awaitedSize: number,
    problem: { type: String, default: null },
  },
  { collection: 'log_files', ...plain },
);
logFileSchema.index({ run: 1, name: 1 }, { unique: true });

export const imageSeriesSchema = new Schema<ImageSeriesDocument>(
  {
    workspace: text,
    run: id,
    tag: { type: String, default: '' },
    ofImages: { type: Boolean, required: true },
    displayName: { type: String, default: '' },
    description: { type: String, default: '' },
    samples: number,
    events: number,
    seen: number,
    drawn: number,
  },
  { collection: 'image_series', ...plain },
);
imageSeriesSchema.index({ run: 1, tag: 1 }, { unique: true });
imageSeriesSchema.index({ workspace: 1, _id: 1 }, { partialFilterExpression: { events: { $gt: 0 } } });

export const imageEventSchema = new Schema<ImageEventDocument>(
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
    images: { type: [Schema.Types.Mixed], default: [] } as never,
  },
  { collection: 'image_events', ...plain },
);
imageEventSchema.index({ series: 1, place: 1 }, { unique: true });
imageEventSchema.index({ series: 1, step: 1, place: 1 });
imageEventSchema.index(
  { workspace: 1, 'blob.sha256': 1 },
  { partialFilterExpression: { 'blob.sha256': { $type: 'string' } } },
);
