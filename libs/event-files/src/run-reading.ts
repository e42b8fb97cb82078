import { START, type LoggedEvent, type SummaryValue } from './event-protobuf.js';
import { imagesOf, metadataOf, tagOf, type ImageValue, type SeriesMetadata } from './image-values.js';

/** From this version on, a restart of the writer is a record of its own. */
const VERSION_WITH_RESTARTS = 2;

/** Files name their version as `brain.Event:2`. */
const VERSION_PREFIX = 'brain.Event:';

/** What an event changes in the images of its run. */
export type RunChange =
  /** The first metadata of a tag of images. It may stand long before the first image, or have none. */
  | ({ kind: 'series'; tag: string } & SeriesMetadata)
  /** `step` has 64 bits. `wallTime` is in seconds since 1970, and may be NaN or infinite. */
  | ({ kind: 'image'; tag: string; step: bigint; wallTime: number } & ImageValue)
  /** The writer began again: images at this step and later ones are void, of the tags named or of all. */
  | { kind: 'restart'; step: bigint; tags?: string[] }
  /** A value of a tag of images that does not hold images. */
  | { kind: 'left-out'; tag: string; step: bigint; reason: string };

/** What the reading of a run keeps from one pass to the next, as values that JSON and BSON can hold. */
export interface RunReadingState {
  /** Of the newest file version record. Undefined if none was read, or if it is not a number. */
  fileVersion?: number;
  /** Whether a START was read. */
  started: boolean;
  /** The step of the last summary, in decimal. */
  lastStep: string;
  /** Which tags the first metadata of each gave to the images. All others that have metadata are `false`. */
  tags: [tag: string, ofImages: boolean][];
}

export const EMPTY_RUN: RunReadingState = { started: false, lastStep: '-1', tags: [] };

/**
 * Turns the events of a run into changes of its images, in the order in which its files are read.
 *
 * Follows TensorBoard 2.21's Python loader (`plugin_event_accumulator.py`), except that a START in a later file than the
 * first is a restart even if it is the run's first START: writers that are told to purge from a step write it only there.
 */
export class RunReading {
  #fileVersion: number | undefined;
  #started: boolean;
  #lastStep: bigint;
  readonly #tags: Map<string, boolean>;

  constructor(state: RunReadingState = EMPTY_RUN) {
    this.#fileVersion = state.fileVersion;
    this.#started = state.started;
    this.#lastStep = BigInt(state.lastStep);
    this.#tags = new Map(state.tags);
  }

  get state(): RunReadingState {
    return {
      ...(this.#fileVersion === undefined ? {} : { fileVersion: this.#fileVersion }),
      started: this.#started,
      lastStep: String(this.#lastStep),
      tags: [...this.#tags],
    };
  }

  /** How many tags have metadata. */
  get tagCount(): number {
    return this.#tags.size;
  }

  /** Returns whether the metadata of a tag was read. */
  has(tag: string): boolean {
    return this.#tags.has(tag);
  }

  /**
   * Returns the changes of one event.
   *
   * @param inFirstFile whether the event is of the file of the run that is read first
   */
  read(event: LoggedEvent, inFirstFile: boolean): RunChange[] {
    if (event.fileVersion) this.#fileVersion = versionOf(event.fileVersion);
    const changes = this.#restart(event, inFirstFile);
    if (event.summary) {
      this.#lastStep = event.step;
      for (const value of event.summary.value) changes.push(...this.#readValue(value, event));
    }
    return changes;
  }

  #restart({ step, sessionLog, summary }: LoggedEvent, inFirstFile: boolean): RunChange[] {
    if ((this.#fileVersion ?? 0) < VERSION_WITH_RESTARTS) {
      // Writers without a version leave it to the steps: one that goes back voids what its own tags have from there on.
      if (!summary || step >= this.#lastStep) return [];
      return [{ kind: 'restart', step, tags: [...new Set(summary.value.map(({ tag }) => tag))] }];
    }
    if (sessionLog?.status !== START) return [];
    const again = this.#started || !inFirstFile;
    this.#started = true;
    return again ? [{ kind: 'restart', step }] : [];
  }

  #readValue(value: SummaryValue, { step, wallTime }: LoggedEvent): RunChange[] {
    const tag = tagOf(value);
    const series = this.#readMetadata(tag, value);
    if (this.#tags.get(tag) !== true) return series;
    const found = imagesOf(value);
    if (found === undefined) return series;
    if (typeof found === 'string') return [...series, { kind: 'left-out', tag, step, reason: found }];
    return [...series, { kind: 'image', tag, step, wallTime, ...found }];
  }

  /** The first metadata of a tag decides, in whichever file it is. */
  #readMetadata(tag: string, value: SummaryValue): RunChange[] {
    if (this.#tags.has(tag)) return [];
    const metadata = metadataOf(value);
    if (metadata === undefined) return [];
    this.#tags.set(tag, metadata !== 'other');
    return metadata === 'other' ? [] : [{ kind: 'series', tag, ...metadata }];
  }
}

function versionOf(text: string): number | undefined {
  const version = Number.parseFloat(text.split(VERSION_PREFIX).at(-1) ?? '');
  return Number.isNaN(version) ? undefined : version;
}
