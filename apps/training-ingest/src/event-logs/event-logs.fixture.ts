import { EVENT_IMAGES_AREA, eventLogContracts, type ImageEvent, type ImageSeries } from '@pentaprism/contracts';
import type { EventFields, LoggedValue } from '@pentaprism/testing';
import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { StartedTrainingIngest } from '../training-ingest.fixture.js';

/** The record that writers begin a file with. */
export const VERSION: EventFields = { wallTime: 100, fileVersion: 'brain.Event:2' };

export function pngOf(bytes = 40): Buffer {
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), randomBytes(bytes)]);
}

/** An event with a picture of its own in a tag. */
export function picture(step: number | bigint, more: Partial<LoggedValue> = {}): EventFields {
  return { wallTime: 1000 + Number(step), step, values: [{ tag: 'a', images: [pngOf()], plugin: 'images', ...more }] };
}

/** Events of ascending steps. */
export function pictures(count: number, first = 0, more: Partial<LoggedValue> = {}): EventFields[] {
  return Array.from({ length: count }, (_, i) => picture(first + i, more));
}

/** What a workspace shows, as clients see it. */
export class ShownEventLogs {
  constructor(
    private readonly service: StartedTrainingIngest,
    private readonly workspace: string,
  ) {}

  async runs() {
    return (await this.service.call(eventLogContracts.runs, {}, this.workspace)).runs;
  }

  async names(): Promise<string[]> {
    return (await this.runs()).map(({ name }) => name);
  }

  async revision(): Promise<string> {
    return (await this.service.call(eventLogContracts.revision, {}, this.workspace)).revision;
  }

  async series(run: string, tag = 'a'): Promise<ImageSeries | undefined> {
    const id = (await this.runs()).find(({ name }) => name === run)?.id;
    const { series } = await this.service.call(eventLogContracts.series, {}, this.workspace);
    return series.find((each) => each.tag === tag && each.runId === id);
  }

  async events(run: string, tag?: string): Promise<ImageEvent[]> {
    const series = await this.series(run, tag);
    if (!series) return [];
    return (await this.service.call(eventLogContracts.events, { seriesId: series.id }, this.workspace)).events;
  }

  async steps(run: string, tag?: string): Promise<number[]> {
    return (await this.events(run, tag)).map(({ step }) => Number(step));
  }

  async problems() {
    return (await this.service.call(eventLogContracts.problems, {}, this.workspace)).problems;
  }

  /** Everything of a run but ids, with the hashes of stored bytes. */
  async content(run: string, tag?: string) {
    const events = await this.events(run, tag);
    return Promise.all(
      events.map(async ({ step, wallTime, images }) => {
        const bytes = await Promise.all(images.map((image) => this.#read(image)));
        return { step, wallTime, hashes: bytes.map((each) => createHash('sha256').update(each).digest('hex')) };
      }),
    );
  }

  /** The stored bytes of an image. */
  bytes(event: ImageEvent | undefined, sample = 0): Promise<Buffer> {
    const image = event?.images[sample];
    if (!image) throw new Error(`There is no image ${String(sample)}.`);
    return this.#read(image);
  }

  async #read({ content, offset, length }: ImageEvent['images'][number]): Promise<Buffer> {
    const key = { area: EVENT_IMAGES_AREA, workspace: this.workspace, sha256: content.sha256 };
    if (length === 0) return Buffer.alloc(0);
    return buffer(await this.service.blobs.open(key, { start: offset, end: offset + length - 1 }));
  }

  /** Hashes of the blobs that hold images. */
  async blobs(): Promise<string[]> {
    const found: string[] = [];
    for await (const { key } of this.service.blobs.list(EVENT_IMAGES_AREA, this.workspace)) found.push(key.sha256);
    return found;
  }
}
