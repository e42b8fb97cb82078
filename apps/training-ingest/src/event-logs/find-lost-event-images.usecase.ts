import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { EVENT_IMAGES_AREA } from '@pentaprism/contracts';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { BLOB_STORE, RecordScrub } from '@pentaprism/service';
import { TRAINING_INGEST_CONFIG, type TrainingIngestConfig } from '../config/config.js';
import { EventImagesRepository } from './event-images.repository.js';

/** Checks that the blobs of events are there. */
@Injectable()
export class FindLostEventImages extends RecordScrub {
  constructor(
    records: EventImagesRepository,
    @Inject(BLOB_STORE) blobs: BlobStore,
    @Inject(TRAINING_INGEST_CONFIG) { BLOB_SCRUB_RATE, BLOB_SCRUB_PAUSE }: TrainingIngestConfig,
    @Inject(LOGGER) logger: Logger,
  ) {
    super({
      ...{ area: EVENT_IMAGES_AREA, blobs, logger, BLOB_SCRUB_RATE, BLOB_SCRUB_PAUSE },
      recordsAfter: async (id, limit) =>
        (await records.findAfter(id, limit)).map(({ _id, workspace, blob }) => ({
          id: _id.toHexString(),
          keys: blob === null ? [] : [{ area: EVENT_IMAGES_AREA, workspace, sha256: blob.sha256 }],
        })),
      isReferred: ({ id }, { sha256 }) => records.refersTo(id, sha256),
    });
  }
}
