import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import { imageInsightContracts, INSIGHTS_AREA, MAX_OVERLAYS_PER_CALL, type RequestOf } from '@pentaprism/contracts';
import { MAX_OVERLAY_BYTES } from '@pentaprism/domain';
import type { ActivationMap } from '@pentaprism/inference';
import { BLOB_STORE } from '@pentaprism/service';
import type { MappedPicture } from './activation-maps.js';

/** The overlays of a column that a job computes. */
export interface OverlaysKey {
  readonly jobId: string;
  /** The index of the column. */
  readonly column: number;
}

/** A map whose overlay has an image id. */
export interface RecordedOverlay {
  readonly overlayImageId: string;
  readonly map: ActivationMap;
}

/** Stores overlays and records them with their maps, so that another start of the job goes on behind them. */
@Injectable()
export class RecordedOverlays {
  constructor(
    private readonly bus: Bus,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
  ) {}

  /** Returns what earlier starts of the job have recorded, by the id of the image. Throws NOT_FOUND if the job has ended. */
  async find(key: OverlaysKey, signal: AbortSignal): Promise<Map<string, RecordedOverlay>> {
    const found = new Map<string, RecordedOverlay>();
    let after: string | null = null;
    for (;;) {
      signal.throwIfAborted();
      const request: RequestOf<typeof imageInsightContracts.recordedOverlays> = {
        ...key,
        after,
        limit: MAX_OVERLAYS_PER_CALL,
      };
      const { overlays } = await this.bus.call(imageInsightContracts.recordedOverlays, request);
      for (const { imageId, overlayImageId, map } of overlays)
        found.set(imageId, { overlayImageId, map: { ...map, values: Buffer.from(map.values, 'base64') } });
      after = overlays.at(-1)?.imageId ?? null;
      if (overlays.length < MAX_OVERLAYS_PER_CALL) return found;
    }
  }

  /** Stores the picture of a map. Returns what is recorded of it. */
  async store(workspace: string, { map, overlay }: MappedPicture, signal: AbortSignal) {
    const { bytes, mediaType, width, height } = overlay;
    const options = { maxBytes: MAX_OVERLAY_BYTES, signal };
    const { sha256, size } = await this.blobs.put(INSIGHTS_AREA, workspace, bytes, options);
    return { content: { sha256, size, mediaType }, width, height, map };
  }

  /** Records up to `MAX_OVERLAYS_PER_CALL` stored pictures. Throws NOT_FOUND if the job has ended. */
  async record(
    key: OverlaysKey,
    stored: readonly ({ readonly imageId: string } & Awaited<ReturnType<RecordedOverlays['store']>>)[],
  ): Promise<Map<string, RecordedOverlay>> {
    if (stored.length === 0) return new Map();
    const overlays = stored.map(({ map, ...overlay }) => ({
      ...overlay,
      map: { ...map, values: Buffer.from(map.values).toString('base64') },
    }));
    const { imageIds } = await this.bus.call(imageInsightContracts.recordOverlays, { ...key, overlays });
    return new Map(stored.map(({ imageId, map }, i) => [imageId, { overlayImageId: imageIds[i] ?? '', map }]));
  }
}
