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
import type { ExperimentEvent, ExperimentSource, Revised } from './experiment-source.js';
import { wholeList } from './whole-list.js';

/** The event logs of a workspace. */
export class EventLogSource implements ExperimentSource {
  readonly #bus: Bus;
  readonly #workspace: string;
  readonly #options: { readonly context: { readonly workspace: string } };

  constructor(bus: Bus, workspace: string) {
    this.#bus = bus;
    this.#workspace = workspace;
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
    return wholeList(async (after) => {
      const { runs, ...page } = await this.#bus.call(eventLogContracts.runs, after, this.#options);
      return { ...page, items: runs };
    });
  }

  series(): Promise<Revised<readonly ImageSeries[]>> {
    return wholeList(async (after) => {
      const { series, ...page } = await this.#bus.call(eventLogContracts.series, after, this.#options);
      return { ...page, items: series };
    });
  }

  events({ id: seriesId }: ImageSeries): Promise<Revised<readonly ExperimentEvent[]>> {
    return wholeList(async (after) => {
      const { events, ...page } = await this.#bus.call(eventLogContracts.events, { seriesId, ...after }, this.#options);
      return { ...page, items: events.map((event) => this.#eventOf(event)) };
    });
  }

  async images(eventId: string): Promise<readonly StoredContent[]> {
    const { images } = await this.#bus.call(eventLogContracts.event, { eventId }, this.#options);
    return images.map((image) => this.#contentOf(image));
  }

  #eventOf({ id: eventId, images, ...event }: ImageEvent): ExperimentEvent {
    return { ...event, images: images.map((image, sample) => ({ eventId, sample, content: this.#contentOf(image) })) };
  }

  #contentOf({ content, mediaType, offset, length, sha256 }: StoredPart): StoredContent {
    const part = { offset, length, sha256 };
    return { area: EVENT_IMAGES_AREA, workspace: this.#workspace, ...content, mediaType, part };
  }
}
