import { DomainError } from '@pentaprism/domain';
import type { StoredContent } from '@pentaprism/http';
import { LRUCache } from 'lru-cache';
import type { ImageKey } from '../blob-key.js';
import type { Experiment, ExperimentImage } from './experiment-source.js';

/** Places that are kept, some 600 bytes each. With more of them, the least recently used is dropped. */
export const KEPT_PLACES = 50_000;
/** Places that are kept of one list, so that a long one leaves room for those of others. */
export const KEPT_LIST_PLACES = 1000;
/** Milliseconds that a place is kept: for as long, the image of an event that was replaced is still served. */
export const KEPT_PLACE_MS = 60_000;

/** Where images are in the blob store, so that an image which a list has named is sent without a call to a service. */
export class ImagePlaces {
  readonly #kept: LRUCache<string, StoredContent>;
  readonly #reads = new Map<string, Promise<readonly StoredContent[]>>();

  constructor({ max = KEPT_PLACES, now = () => performance.now() } = {}) {
    this.#kept = new LRUCache({ max, ttl: KEPT_PLACE_MS, ttlResolution: 0, perf: { now } });
  }

  /** Keeps where the last images of a list are, which a client requests next. */
  add({ key }: Experiment, images: readonly ExperimentImage[]): void {
    for (const image of images.slice(-KEPT_LIST_PLACES))
      if (image.content) this.#kept.set(nameOf(key, image), image.content);
  }

  /**
   * Returns the place of an image.
   * @throws DomainError NOT_FOUND for an image that is not kept, and one of another experiment
   */
  async find(experiment: Experiment, image: ImageKey): Promise<StoredContent> {
    return this.#kept.get(nameOf(experiment.key, image)) ?? this.read(experiment, image);
  }

  /**
   * Returns the present place of an image, which may have been moved since its place was cached.
   * @throws DomainError as `find`
   */
  async read(experiment: Experiment, image: ImageKey): Promise<StoredContent> {
    this.#kept.delete(nameOf(experiment.key, image));
    const contents = await this.#images(experiment, image.eventId);
    const content = contents[image.sample];
    if (!content) throw new DomainError('NOT_FOUND', 'There is no such image. Request the list again.');
    return content;
  }

  /** Reads all images of an event, once for all requests at the same time. */
  #images({ key, source }: Experiment, eventId: string): Promise<readonly StoredContent[]> {
    const name = `${key} ${eventId}`;
    let reading = this.#reads.get(name);
    if (!reading) {
      reading = this.#readImages(key, eventId, source.images(eventId)).finally(() => this.#reads.delete(name));
      this.#reads.set(name, reading);
    }
    return reading;
  }

  async #readImages(key: string, eventId: string, read: Promise<readonly StoredContent[]>) {
    const contents = await read;
    for (const [sample, content] of contents.entries()) this.#kept.set(nameOf(key, { eventId, sample }), content);
    return contents;
  }
}

function nameOf(key: string, { eventId, sample }: ImageKey): string {
  return `${key} ${eventId} ${sample}`;
}
