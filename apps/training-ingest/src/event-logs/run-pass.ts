import { RunReading, tagOf, type LoggedEvent, type RunChange, type RunReadingState } from '@pentaprism/event-files';
import { MAX_IMAGES_PER_EVENT, MAX_TAG_CHARACTERS, MAX_TAGS_PER_RUN } from './limits.js';
import { SeriesPass, unknownSeries, type SeriesChange, type StoredSeries } from './series-pass.js';

/** What a run's reading needs of earlier passes. */
export interface RunState {
  readonly reading: Omit<RunReadingState, 'tags'>;
  readonly series: readonly StoredSeries[];
}

/** A run while its new events are sampled. Bytes of images are held for events that are kept so far. */
export class RunPass {
  readonly #reading: RunReading;
  readonly #series = new Map<string, SeriesPass>();
  /** Series with events that arrived since images were copied. */
  readonly #fresh = new Set<SeriesPass>();
  readonly #size: number;
  readonly #maxTags: number;
  #heldBytes = 0;
  #heldRecords = 0;

  /** @param size events that are kept of each series, or 0 for all */
  constructor({ reading, series }: RunState, size: number, maxTags = MAX_TAGS_PER_RUN) {
    this.#size = size;
    this.#maxTags = maxTags;
    this.#reading = new RunReading({ ...reading, tags: series.map(({ tag, ofImages }) => [tag, ofImages]) });
    for (const each of series) this.#series.set(each.tag, new SeriesPass(each, null, size));
  }

  get reading(): Omit<RunReadingState, 'tags'> {
    const { tags: _, ...reading } = this.#reading.state;
    return reading;
  }

  /** Bytes of images and their records that are held for events that are kept, and of the texts of new series. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Tags that were found, series that change, new events that are kept, and stored events that are removed. */
  get heldRecords(): number {
    return this.#heldRecords;
  }

  /** Takes an event into the samples. Returns why values were left out. */
  read(event: LoggedEvent, inFirstFile: boolean): string[] {
    const problems: string[] = [];
    const tags = this.#reading.tagCount;
    for (const change of this.#reading.read(this.#admitted(event, problems), inFirstFile)) {
      if (change.kind === 'left-out') problems.push(`${placeOf(change)}: ${change.reason}`);
      else this.#apply(change, problems);
    }
    this.#heldRecords += this.#reading.tagCount - tags;
    return problems;
  }

  /** Copies images that are kept so far. To be called before more bytes arrive. Most images are replaced until then. */
  settle(): void {
    for (const series of this.#fresh) series.settle();
    this.#fresh.clear();
  }

  /** Returns what has changed, also tags of other plugins that were found. */
  changes(): SeriesChange[] {
    for (const [tag, ofImages] of this.#reading.state.tags) {
      if (!this.#series.has(tag)) this.#series.set(tag, new SeriesPass(unknownSeries(tag, ofImages), null, this.#size));
    }
    return [...this.#series.values()].flatMap((series) => series.change() ?? []);
  }

  /** Leaves out values whose tags are beyond the limits. */
  #admitted(event: LoggedEvent, problems: string[]): LoggedEvent {
    const values = event.summary?.value;
    if (values === undefined) return event;
    let room = this.#maxTags - this.#reading.tagCount;
    const admitted = values.filter((value) => {
      const tag = tagOf(value);
      if (tag.length > MAX_TAG_CHARACTERS) {
        problems.push(`a tag of ${String(tag.length)} characters: it is longer than ${String(MAX_TAG_CHARACTERS)}`);
        return false;
      }
      const isFound = (value.metadata || value.image) && !this.#reading.has(tag);
      if (!isFound || room-- > 0) return true;
      problems.push(`tag ${tag}: the run has ${String(this.#maxTags)} tags already`);
      return false;
    });
    return admitted.length === values.length ? event : { ...event, summary: { value: admitted } };
  }

  #apply(change: Exclude<RunChange, { kind: 'left-out' }>, problems: string[]): void {
    if (change.kind === 'series') {
      const { tag, displayName, description } = change;
      this.#heldBytes += tag.length + displayName.length + description.length;
      this.#series.set(tag, new SeriesPass(unknownSeries(tag, true), { displayName, description }, this.#size));
    } else if (change.kind === 'image') {
      this.#add(change, problems);
    } else {
      const restarted = change.tags?.flatMap((tag) => this.#series.get(tag) ?? []) ?? [...this.#series.values()];
      for (const series of restarted) this.#hold(series, () => series.restart(change.step));
    }
  }

  #add(change: Extract<RunChange, { kind: 'image' }>, problems: string[]): void {
    const series = this.#series.get(change.tag);
    if (series === undefined) return;
    const images = change.images.slice(0, MAX_IMAGES_PER_EVENT);
    if (images.length < change.images.length)
      problems.push(`${placeOf(change)}: only the first ${String(MAX_IMAGES_PER_EVENT)} images are kept`);
    this.#hold(series, () => series.add({ ...change, images }));
    this.#fresh.add(series);
  }

  #hold(series: SeriesPass, work: () => void): void {
    const { heldBytes, heldRecords } = series;
    work();
    this.#heldBytes += series.heldBytes - heldBytes;
    this.#heldRecords += series.heldRecords - heldRecords;
  }
}

function placeOf({ tag, step }: { tag: string; step: bigint }): string {
  return `tag ${tag}, step ${String(step)}`;
}
