import { Reservoir, type ImageValue, type SamplingState, type SeriesMetadata } from '@pentaprism/event-files';
import { IMAGE_RECORD_BYTES } from './limits.js';

/** An event that was kept by an earlier pass. */
export interface StoredEvent {
  readonly id: string;
  readonly step: bigint;
  /** How many images it has. */
  readonly count: number;
}

/** An event that this pass has read. */
export interface NewEvent extends Readonly<Omit<ImageValue, 'images'>> {
  readonly place: number;
  readonly step: bigint;
  readonly wallTime: number;
  images: readonly Uint8Array[];
}

type KeptEvent = StoredEvent | NewEvent;

/** A series as earlier passes have left it. */
export interface StoredSeries extends SamplingState {
  readonly id: string;
  readonly tag: string;
  readonly ofImages: boolean;
  readonly nextPlace: number;
  readonly samples: number;
  readonly count: number;
  /** The kept events by their places. Empty where all events are kept, because none of them is then replaced. */
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
  readonly nextPlace: number;
  readonly added: readonly NewEvent[];
  /** Ids of events. */
  readonly removed: readonly string[];
  /** Stored events at this step and later ones are removed, too. Only where all events are kept. */
  readonly removedFrom: bigint | null;
  /** The place of the first event that is not stored yet. */
  readonly firstPlace: number;
  /** The largest number of images of a kept event. Without stored events if `removedFrom` is not null. */
  readonly samples: number;
  /** Kept events, as `samples`. */
  readonly count: number;
}

/** A series that no pass has stored. */
export function unknownSeries(tag: string, ofImages: boolean): StoredSeries {
  return { id: '', tag, ofImages, nextPlace: 0, samples: 0, count: 0, events: [], seen: 0, drawn: 0 };
}

/** The sample of a series while a pass adds to it. */
export class SeriesPass {
  readonly #stored: StoredSeries;
  readonly #metadata: SeriesMetadata | null;
  readonly #size: number;
  readonly #sample: Reservoir<KeptEvent>;
  #nextPlace: number;
  #removedFrom: bigint | null = null;
  /** Events whose images are still views of the bytes that arrived. */
  readonly #fresh = new Set<NewEvent>();
  #heldBytes = 0;
  /** New events that are kept so far, and stored ones that are removed. */
  #heldEvents = 0;
  #isTouched: boolean;

  /** @param size events that are kept, or 0 for all */
  constructor(stored: StoredSeries, metadata: SeriesMetadata | null, size: number) {
    this.#stored = stored;
    this.#metadata = metadata;
    this.#size = size;
    this.#sample = new Reservoir(size, stored.events, stored);
    this.#nextPlace = stored.nextPlace;
    this.#isTouched = stored.id === '';
  }

  /** Bytes of the images of new events that are kept so far, and of their records. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Documents that change so far. Without that of a series that this pass has found. */
  get heldRecords(): number {
    return this.#heldEvents + (this.#isTouched && this.#stored.id !== '' ? 1 : 0);
  }

  add({ step, wallTime, width, height, images }: Omit<NewEvent, 'place'>): void {
    this.#isTouched = true;
    const event = { place: this.#nextPlace++, step, wallTime, width, height, images };
    const replaced = this.#sample.add(event);
    this.#fresh.add(event);
    this.#heldBytes += bytesOf(event);
    this.#heldEvents++;
    if (replaced === undefined) return;
    if ('id' in replaced) {
      this.#heldEvents++;
      return;
    }
    this.#fresh.delete(replaced);
    this.#heldBytes -= bytesOf(replaced);
    this.#heldEvents--;
  }

  /** Copies images that are kept so far, so that they do not keep all bytes in memory that arrived with them. */
  settle(): void {
    for (const event of this.#fresh) event.images = event.images.map(detached);
    this.#fresh.clear();
  }

  /** Removes events at a step and later ones. */
  restart(step: bigint): void {
    const { items, state } = this.#sample;
    const keepsAll = this.#size === 0;
    this.#sample.keep((event) => event.step < step);
    const kept = this.#sample.items;
    // Stored events are not read back where all are kept.
    const mayRemoveStored = keepsAll && this.#stored.count > 0;
    const hasOtherState = !keepsAll && this.#sample.state.seen !== state.seen;
    if (mayRemoveStored || hasOtherState || kept.length < items.length) this.#isTouched = true;
    for (const event of this.#fresh) if (event.step >= step) this.#fresh.delete(event);
    this.#heldBytes = kept.reduce((sum, event) => sum + bytesOf(event), 0);
    const keptStored = kept.filter((event) => 'id' in event).length;
    this.#heldEvents = kept.length - keptStored + this.#stored.events.length - keptStored;
    if (mayRemoveStored && (this.#removedFrom === null || step < this.#removedFrom)) this.#removedFrom = step;
  }

  /** Returns undefined if nothing has changed. */
  change(): SeriesChange | undefined {
    if (!this.#isTouched) return undefined;
    const { id, tag, ofImages, events, samples, count } = this.#stored;
    const kept = this.#sample.items;
    const ids = new Set(kept.flatMap((event) => ('id' in event ? event.id : [])));
    const unseen = this.#size === 0 && this.#removedFrom === null ? { samples, count } : { samples: 0, count: 0 };
    return {
      ...{ tag, ofImages, id: id === '' ? null : id, metadata: this.#metadata, ...this.#sample.state },
      firstPlace: this.#stored.nextPlace,
      nextPlace: this.#nextPlace,
      added: kept.flatMap((event) => ('id' in event ? [] : event)),
      removed: events.flatMap((event) => (ids.has(event.id) ? [] : event.id)),
      removedFrom: id === '' ? null : this.#removedFrom,
      samples: kept.reduce((most, event) => Math.max(most, countOf(event)), unseen.samples),
      count: kept.length + unseen.count,
    };
  }
}

/** Returns an image that does not keep much more in memory than its own bytes. */
function detached(image: Uint8Array): Uint8Array {
  return image.buffer.byteLength <= 2 * image.length ? image : new Uint8Array(image);
}

function bytesOf(event: KeptEvent): number {
  return 'id' in event ? 0 : event.images.reduce((sum, image) => sum + image.length + IMAGE_RECORD_BYTES, 0);
}

function countOf(event: KeptEvent): number {
  return 'id' in event ? event.count : event.images.length;
}
