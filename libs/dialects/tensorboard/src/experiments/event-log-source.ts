import type { Bus } from '@pentaprism/bus';
import {
  EVENT_IMAGES_AREA,
  eventLogContracts,
  type ImageEvent,
  type ImageSeries,
  type LoggedRun,
  type StoredPart,
} from '@pentaprism/contracts';
import type { StoredContent } from '@pentaprism/http';
import { MAX_LIST_BYTES, type LeftOut, type ListBudget } from './bounded-list.js';
import type { ExperimentEvent, ExperimentSource, Revised } from './experiment-source.js';
import { EVENT_BYTES, IMAGE_BYTES } from './series-events.js';
import { wholeList } from './whole-list.js';

/** Bytes that a run or a series takes beside its texts, whose characters take up to two. */
const ITEM_BYTES = 500;
const CHARACTER_BYTES = 2;

/** The event logs of a workspace. */
export class EventLogSource implements ExperimentSource {
  readonly #bus: Bus;
  readonly #workspace: string;
  readonly #options: { readonly context: { readonly workspace: string } };

  readonly #warn: (problem: string) => void;
  readonly #maxBytes: number;

  /** @param warn called with what is left out of a list that is too large */
  constructor(bus: Bus, workspace: string, warn: (problem: string) => void, maxBytes = MAX_LIST_BYTES) {
    this.#bus = bus;
    this.#workspace = workspace;
    this.#warn = warn;
    this.#maxBytes = maxBytes;
    // One call serves several requests. All of them are of this workspace.
    this.#options = { context: { workspace } };
  }

  get location(): string {
    return `workspace ${this.#workspace}`;
  }

  async revision(): Promise<string> {
    const { revision } = await this.#bus.call(eventLogContracts.revision, {}, this.#options);
    return revision;
  }

  runs(): Promise<Revised<readonly LoggedRun[]>> {
    return wholeList(
      async (after) => {
        const { runs, ...page } = await this.#bus.call(eventLogContracts.runs, after, this.#options);
        return { ...page, items: runs };
      },
      this.#budget('runs', ({ name }) => textBytes(name)),
    );
  }

  series(): Promise<Revised<readonly ImageSeries[]>> {
    return wholeList(
      async (after) => {
        const { series, ...page } = await this.#bus.call(eventLogContracts.series, after, this.#options);
        return { ...page, items: series };
      },
      {
        ...this.#budget('image tags', ({ tag, displayName, description }) => textBytes(tag, displayName, description)),
        shorten: (each) => ({ ...each, description: '' }),
      },
    );
  }

  events({ id: seriesId }: ImageSeries): Promise<Revised<readonly ExperimentEvent[]>> {
    return wholeList(
      async (after) => {
        const { events, ...page } = await this.#bus.call(
          eventLogContracts.events,
          { seriesId, ...after },
          this.#options,
        );
        return { ...page, items: events.map((event) => this.#eventOf(event)) };
      },
      this.#budget(`events of the series ${seriesId}`, ({ images }) => EVENT_BYTES + images.length * IMAGE_BYTES),
    );
  }

  async images(eventId: string): Promise<readonly StoredContent[]> {
    const { images } = await this.#bus.call(eventLogContracts.event, { eventId }, this.#options);
    return images.map((image) => this.#contentOf(image));
  }

  #budget<T>(name: string, sizeOf: (item: T) => number): ListBudget<T> {
    const onLeftOut = (what: LeftOut) => {
      const part = what === 'texts' ? `The descriptions of the ${name}` : `The last ${name}`;
      this.#warn(`${part} of ${this.location} are not shown: the list takes more than ${this.#maxBytes} bytes.`);
    };
    return { bytes: this.#maxBytes, sizeOf, onLeftOut };
  }

  #eventOf({ id: eventId, images, ...event }: ImageEvent): ExperimentEvent {
    return { ...event, images: images.map((image, sample) => ({ eventId, sample, content: this.#contentOf(image) })) };
  }

  #contentOf({ content, mediaType, offset, length, sha256 }: StoredPart): StoredContent {
    const part = { offset, length, sha256 };
    return { area: EVENT_IMAGES_AREA, workspace: this.#workspace, ...content, mediaType, part };
  }
}

function textBytes(...texts: readonly string[]): number {
  return ITEM_BYTES + CHARACTER_BYTES * texts.reduce((sum, { length }) => sum + length, 0);
}
