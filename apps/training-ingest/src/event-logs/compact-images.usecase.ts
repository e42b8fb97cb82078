import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus, sendSignal } from '@pentaprism/bus';
import { EVENT_IMAGES_AREA, eventLogChanged } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { BLOB_STORE } from '@pentaprism/service';
import type { Types } from 'mongoose';
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { EventImagesRepository, type MovedEvent } from './event-images.repository.js';
import type { EventImage, ImageEventDocument } from './event-log.schema.js';
import { ImageBlob } from './image-blob.js';
import { MAX_PASS_BYTES } from './limits.js';

/** A blob with a smaller part of bytes that are of images is mostly dead. */
const LEAST_LIVE_PART = 0.5;
/** Blobs of one workspace that are counted together. */
const BATCH = 100;
/** Events that are moved together. */
const EVENTS_AT_ONCE = 1_000;

/** Moves the images that are left in blobs of which most images were replaced, so that the sweep can remove these blobs. */
@Injectable()
export class CompactImages {
  constructor(
    private readonly records: EventImagesRepository,
    private readonly bus: Bus,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * @param before only blobs that were put before this time
   * @param stopped asked between steps
   * @returns how many events were moved
   */
  async compact(before: Date, stopped: () => boolean): Promise<number> {
    const batches = new Map<string, Map<string, number>>();
    let moved = 0;
    for await (const { key, size, modifiedAt } of this.blobs.list(EVENT_IMAGES_AREA)) {
      if (stopped()) return moved;
      if (modifiedAt >= before) continue;
      const batch = batches.get(key.workspace) ?? new Map<string, number>();
      batches.set(key.workspace, batch.set(key.sha256, size));
      if (batch.size < BATCH) continue;
      batches.delete(key.workspace);
      moved += await this.#compactBlobs(key.workspace, batch, stopped);
    }
    for (const [workspace, batch] of batches) moved += await this.#compactBlobs(workspace, batch, stopped);
    return moved;
  }

  async #compactBlobs(workspace: string, sizes: Map<string, number>, stopped: () => boolean): Promise<number> {
    const live = await this.records.liveBytes(workspace, [...sizes.keys()]);
    const dead = [...live].filter(([sha256, bytes]) => bytes < LEAST_LIVE_PART * (sizes.get(sha256) ?? 0));
    const hashes = dead.map(([sha256]) => sha256);
    let moved = 0;
    let after: Types.ObjectId | null = null;
    while (hashes.length > 0 && !stopped()) {
      const events: ImageEventDocument[] = await this.records.findIn(workspace, hashes, after, EVENTS_AT_ONCE);
      if (events.length === 0) break;
      const { count, last } = await this.#moveSome(workspace, events);
      moved += count;
      after = last;
    }
    return moved;
  }

  /** Moves as many of the events as fit into one blob. Those that are damaged stay where they are. */
  async #moveSome(
    workspace: string,
    events: readonly ImageEventDocument[],
  ): Promise<{ count: number; last: Types.ObjectId | null }> {
    const blob = new ImageBlob();
    const moved: MovedEvent[] = [];
    let last: Types.ObjectId | null = null;
    for (const event of events) {
      if (blob.size >= MAX_PASS_BYTES) break;
      last = event._id;
      const images = await this.#copy(event, blob);
      if (images && event.blob) moved.push({ id: event._id, from: event.blob.sha256, images });
    }
    if (moved.length === 0) return { count: 0, last };
    const { sha256, size } = await this.blobs.put(EVENT_IMAGES_AREA, workspace, blob.bytes(), { maxBytes: blob.size });
    await this.records.move(workspace, moved, { sha256, size });
    sendSignal(this.bus.connection, eventLogChanged, { workspace });
    return { count: moved.length, last };
  }

  /** Returns where the images of an event are in `blob`, or undefined if one of them is damaged. */
  async #copy(
    { _id, workspace, blob: from, images }: ImageEventDocument,
    blob: ImageBlob,
  ): Promise<EventImage[] | undefined> {
    try {
      const read: Uint8Array[] = [];
      for (const image of images) read.push(await this.#read(workspace, from?.sha256 ?? '', image));
      return read.map((image) => blob.add(image));
    } catch (error) {
      if (!DomainError.is(error, 'DATA_LOSS') && !DomainError.is(error, 'NOT_FOUND')) throw error;
      this.logger.error({ err: error, workspace, event: _id.toHexString() }, 'event logs: images cannot be moved');
      return undefined;
    }
  }

  /**
   * Reads an image without the rest of its blob. The hash of the image shows damage.
   *
   * @throws DomainError DATA_LOSS; NOT_FOUND
   */
  async #read(workspace: string, blob: string, { offset, length, sha256 }: EventImage): Promise<Uint8Array> {
    if (length === 0) return new Uint8Array();
    const key = { area: EVENT_IMAGES_AREA, workspace, sha256: blob };
    const bytes = await buffer(await this.blobs.open(key, { start: offset, end: offset + length - 1, verify: false }));
    if (createHash('sha256').update(bytes).digest('hex') === sha256) return bytes;
    throw new DomainError('DATA_LOSS', 'Stored bytes are damaged.');
  }
}
