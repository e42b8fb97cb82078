import { Answer } from '../answer.js';
import { toImageList } from '../wire.js';
import type { ExperimentEvent, ExperimentImage } from './experiment-source.js';

/** Bytes that an event takes, and each of its images with its line of a list, also compressed. */
export const EVENT_BYTES = 300;
export const IMAGE_BYTES = 1000;

/** The events of a series, and a list for each sample that was requested. */
export class SeriesEvents {
  readonly #events: readonly ExperimentEvent[];
  readonly #lists = new Map<number, Answer>();

  constructor(events: readonly ExperimentEvent[]) {
    this.#events = events;
  }

  /** Bytes that it takes with all of its lists, about. */
  get size(): number {
    return this.#events.reduce((sum, { images }) => sum + EVENT_BYTES + images.length * IMAGE_BYTES, 0);
  }

  /**
   * Returns the list of the images with one number.
   *
   * @param onListed called once for each number, with the images that are listed
   */
  list(sample: number, onListed: (images: readonly ExperimentImage[]) => void): Answer {
    let list = this.#lists.get(sample);
    if (!list) {
      onListed(this.#events.flatMap(({ images }) => images[sample] ?? []));
      list = new Answer(toImageList(this.#events, sample));
      this.#lists.set(sample, list);
    }
    return list;
  }
}
