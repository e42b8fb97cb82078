import { Types } from 'mongoose';
import { Descriptions } from './descriptions.js';
import type {
  ImageEventDocument,
  ImageSeriesDocument,
  LogFileDocument,
  LoggedRunDocument,
  LogProblemDocument,
} from './event-log.schema.js';
import { ImageBlob } from './image-blob.js';
import { MAX_DISPLAY_NAME_CHARACTERS } from './limits.js';
import type { RunOrigin } from './run-source.js';
import type { FileUpdate, RunUpdate, StoredRun } from './run-update.js';
import type { NewEvent, SeriesChange } from './series-pass.js';
import { sortableStep } from './steps.js';
import type { VoidEvents } from './void-events.js';

type Fields<Document> = Partial<Omit<Document, '_id' | 'workspace' | 'run'>>;

/** A document that changes, and what is set in it. */
interface Change<Document> {
  readonly id: Types.ObjectId;
  readonly set: Fields<Document>;
}

/** A run of which the newest pass has to be the one that this pass began at. */
interface RunChange extends Change<LoggedRunDocument> {
  readonly version: number;
}

/** A series of which all events are kept, after a restart: its counts are those of the events that remain. */
export interface Restart extends VoidEvents {
  readonly series: Types.ObjectId;
}

/** The documents that a pass writes, and the bytes of its images. */
export class PassRecords {
  readonly blob = new ImageBlob();
  readonly runs: LoggedRunDocument[] = [];
  readonly runChanges: RunChange[] = [];
  /** Runs that are read again, by what takes their place. */
  readonly replacedRuns: Omit<RunChange, 'set'>[] = [];
  readonly files: LogFileDocument[] = [];
  readonly fileChanges: Change<LogFileDocument>[] = [];
  readonly problems: LogProblemDocument[] = [];
  readonly series: ImageSeriesDocument[] = [];
  readonly seriesChanges: Change<ImageSeriesDocument>[] = [];
  readonly restarts: Restart[] = [];
  readonly events: ImageEventDocument[] = [];
  readonly removedEvents: Types.ObjectId[] = [];
  readonly #descriptions = new Descriptions();
  #isShown = false;

  constructor(
    readonly workspace: string,
    readonly origin: RunOrigin,
  ) {}

  /** Whether the pass changes what calls return. */
  get isShown(): boolean {
    return this.#isShown;
  }

  get isEmpty(): boolean {
    return this.runs.length + this.runChanges.length === 0;
  }

  /**
   * Adds what has changed in a run. Adds no new run of which nothing could be read.
   *
   * @param replaced the run that this one takes the place of
   * @param error what kept a file from being read
   */
  addRun(update: RunUpdate, replaced: StoredRun | null, error?: unknown): void {
    if (!update.hasChanged) return;
    // A run that was pushed may have been deleted meanwhile.
    if (error !== undefined && !replaced && isUnread(update)) return;
    const run = this.#addRun(update);
    if (replaced) this.replacedRuns.push({ id: new Types.ObjectId(replaced.id), version: replaced.version });
    for (const file of update.changedFiles) this.#addFile(run, file);
    this.#addProblems(run, update);
    for (const change of update.sampling.changes()) this.#addSeries(run, change);
  }

  /** Returns the events with the blob that holds their images. */
  eventsIn(blob: ImageEventDocument['blob']): ImageEventDocument[] {
    return this.events.map((event) => (event.images.length === 0 ? event : { ...event, blob }));
  }

  #addRun({ stored, source, size, firstWallTime, sampling }: RunUpdate): Types.ObjectId {
    const { reading } = sampling;
    if (stored) {
      const id = new Types.ObjectId(stored.id);
      this.runChanges.push({ id, version: stored.version, set: { firstWallTime, reading, hiddenAt: null } });
      if (stored.isHidden || !Object.is(stored.firstWallTime, firstWallTime)) this.#isShown = true;
      return id;
    }
    const _id = new Types.ObjectId();
    const { workspace, origin } = this;
    const state = { version: 1, sampleSize: size, firstWallTime, reading, hiddenAt: null, removedAt: null };
    this.runs.push({ _id, workspace, origin, name: source.name, ...state });
    this.#isShown = true;
    return _id;
  }

  #addFile(run: Types.ObjectId, { id, ...file }: FileUpdate): void {
    if (id === null) this.files.push({ _id: new Types.ObjectId(), workspace: this.workspace, run, ...file });
    else this.fileChanges.push({ id: new Types.ObjectId(id), set: file });
  }

  #addProblems(run: Types.ObjectId, { problems, source }: RunUpdate): void {
    const of = { workspace: this.workspace, run, runName: source.name };
    for (const { file, text: problem } of problems)
      this.problems.push({ _id: new Types.ObjectId(), ...of, file, problem });
  }

  #addSeries(run: Types.ObjectId, change: SeriesChange): void {
    const { tag, ofImages, metadata, added, removed, removedFrom, seen, drawn, nextPlace, samples } = change;
    const _id = new Types.ObjectId(change.id ?? undefined);
    const state = { seen, drawn, nextPlace, samples, events: change.count };
    if (change.id === null) {
      const displayName = metadata?.displayName.slice(0, MAX_DISPLAY_NAME_CHARACTERS) ?? '';
      const description = this.#descriptions.render(metadata?.description ?? '');
      this.series.push({ _id, workspace: this.workspace, run, tag, ofImages, displayName, description, ...state });
    } else {
      this.seriesChanges.push({ id: _id, set: state });
    }
    if (removedFrom !== null)
      this.restarts.push({ series: _id, from: sortableStep(removedFrom), before: change.firstPlace });
    for (const event of added) this.#addEvent(run, _id, event);
    for (const event of removed) this.removedEvents.push(new Types.ObjectId(event));
    if (added.length + removed.length > 0 || removedFrom !== null) this.#isShown = true;
  }

  #addEvent(run: Types.ObjectId, series: Types.ObjectId, event: NewEvent): void {
    const { place, step, wallTime, width, height } = event;
    this.events.push({
      ...{ _id: new Types.ObjectId(), workspace: this.workspace, run, series, place },
      ...{ step: sortableStep(step), wallTime, width, height, blob: null },
      images: event.images.map((image) => this.blob.add(image)),
    });
  }
}

function isUnread({ stored, files }: RunUpdate): boolean {
  return stored === null && files.every(({ offset }) => offset === 0);
}
