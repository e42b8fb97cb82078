import {
  Reservoir,
  RunReading,
  type ImageValue,
  type LoggedEvent,
  type RunChange,
  type RunReadingState,
  type SamplingState,
  type SeriesMetadata,
} from '@pentaprism/event-files';

/** An event that was kept by an earlier pass. */
export interface StoredEvent {
  readonly id: string;
  readonly place: number;
  readonly step: bigint;
  /** How many images it has. */
  readonly count: number;
}

/** An event that this pass has read. */
export interface NewEvent extends ImageValue {
  readonly place: number;
  readonly step: bigint;
  readonly wallTime: number;
}

type KeptEvent = StoredEvent | NewEvent;

/** A series as earlier passes have left it. */
export interface StoredSeries extends SamplingState {
  readonly id: string;
  readonly tag: string;
  readonly ofImages: boolean;
  readonly events: readonly StoredEvent[];
}

/** What a pass changes in a series. */
export interface SeriesChange extends SamplingState {
  readonly tag: string;
  /** Null for a series that this pass has found. */
  readonly id: string | null;
  readonly ofImages: boolean;
  /** Of a series that this pass has found. */
  readonly metadata: SeriesMetadata | null;
  readonly added: readonly NewEvent[];
  /** Ids of events. */
  readonly removed: readonly string[];
  /** The largest number of images of a kept event. */
  readonly samples: number;
  readonly events: number;
}

/** What a run's reading needs of earlier passes. */
export interface RunState {
  readonly reading: Omit<RunReadingState, 'tags'>;
  readonly series: readonly StoredSeries[];
}

/** A run while its new events are sampled. Bytes of images are held for events that are kept so far. */
export class RunPass {
  readonly #reading: RunReading;
  readonly #series = new Map<string, SeriesPass>();
  readonly #size: number;

  /** @param size events that are kept of each series, or 0 for all */
  constructor({ reading, series }: RunState, size: number) {
    this.#size = size;
    this.#reading = new RunReading({ ...reading, tags: series.map(({ tag, ofImages }) => [tag, ofImages]) });
    for (const each of series) this.#series.set(each.tag, new SeriesPass(each, null, size));
  }

  get reading(): Omit<RunReadingState, 'tags'> {
    const { tags: _, ...reading } = this.#reading.state;
    return reading;
  }

  /** Takes an event into the samples. Returns why values were left out. */
  read(event: LoggedEvent, inFirstFile: boolean): string[] {
    const left: string[] = [];
    for (const change of this.#reading.read(event, inFirstFile)) {
      if (change.kind === 'left-out') left.push(`tag ${change.tag}, step ${String(change.step)}: ${change.reason}`);
      else this.#apply(change);
    }
    return left;
  }

  /** Returns what has changed, also tags of other plugins that were found. */
  changes(): SeriesChange[] {
    for (const [tag, ofImages] of this.#reading.state.tags) {
      if (!this.#series.has(tag)) this.#series.set(tag, new SeriesPass(newSeries(tag, ofImages), null, this.#size));
    }
    return [...this.#series.values()].flatMap((series) => series.change() ?? []);
  }

  /** Bytes of images that are held for events that are kept. */
  get heldBytes(): number {
    let bytes = 0;
    for (const series of this.#series.values()) bytes += series.heldBytes;
    return bytes;
  }

  #apply(change: Exclude<RunChange, { kind: 'left-out' }>): void {
    if (change.kind === 'series') {
      const { tag, displayName, description } = change;
      this.#series.set(tag, new SeriesPass(newSeries(tag, true), { displayName, description }, this.#size));
    } else if (change.kind === 'image') {
      this.#series.get(change.tag)?.add(change);
    } else {
      const void_ = change.tags?.flatMap((tag) => this.#series.get(tag) ?? []) ?? this.#series.values();
      for (const series of void_) series.restart(change.step);
    }
  }
}

function newSeries(tag: string, ofImages: boolean): StoredSeries & { readonly isNew: true } {
  return { id: '', tag, ofImages, events: [], seen: 0, drawn: 0, isNew: true };
}

/** The sample of a series while a pass adds to it. */
class SeriesPass {
  readonly #stored: StoredSeries & { readonly isNew?: true };
  readonly #metadata: SeriesMetadata | null;
  readonly #sample: Reservoir<KeptEvent>;
  #nextPlace: number;
  #touched: boolean;

  constructor(stored: StoredSeries & { readonly isNew?: true }, metadata: SeriesMetadata | null, size: number) {
    this.#stored = stored;
    this.#metadata = metadata;
    this.#sample = new Reservoir(size, stored.events, stored);
    this.#nextPlace = (stored.events.at(-1)?.place ?? -1) + 1;
    this.#touched = stored.isNew === true;
  }

  get heldBytes(): number {
    return this.#sample.items.reduce((sum, event) => sum + bytesOf(event), 0);
  }

  add({ step, wallTime, width, height, images }: Extract<RunChange, { kind: 'image' }>): void {
    this.#touched = true;
    this.#sample.add({ place: this.#nextPlace++, step, wallTime, width, height, images: images.map(copied) });
  }

  restart(step: bigint): void {
    this.#touched = true;
    this.#sample.keep((event) => event.step < step);
  }

  change(): SeriesChange | undefined {
    if (!this.#touched) return undefined;
    const { id, tag, ofImages, events, isNew } = this.#stored;
    const kept = this.#sample.items;
    const ids = new Set(kept.flatMap((event) => ('id' in event ? event.id : [])));
    return {
      ...{ tag, ofImages, id: isNew ? null : id, metadata: this.#metadata, ...this.#sample.state },
      added: kept.flatMap((event) => ('id' in event ? [] : event)),
      removed: events.flatMap((event) => (ids.has(event.id) ? [] : event.id)),
      samples: kept.reduce((most, event) => Math.max(most, countOf(event)), 0),
      events: kept.length,
    };
  }
}

/** A view would keep all bytes of the file that arrived with it. */
function copied(image: Uint8Array): Uint8Array {
  return Uint8Array.from(image);
}

function bytesOf(event: KeptEvent): number {
  return 'id' in event ? 0 : event.images.reduce((sum, image) => sum + image.length, 0);
}

function countOf(event: KeptEvent): number {
  return 'id' in event ? event.count : event.images.length;
}
