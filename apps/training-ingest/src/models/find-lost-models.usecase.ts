import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { BLOB_STORE, RecordScrub } from '@pentaprism/service';
import { MODELS_AREA } from './trained-models.js';
import { IterationRepository } from './iteration.repository.js';
import { TRAINING_INGEST_CONFIG, type TrainingIngestConfig } from '../config/config.js';

/** Looks whether the files of all models are there. Only another training makes them again, with the images of its time. */
@Injectable()
export class FindLostModels extends RecordScrub {
  constructor(
    iterations: IterationRepository,
    @Inject(BLOB_STORE) blobs: BlobStore,
    @Inject(TRAINING_INGEST_CONFIG) { BLOB_SCRUB_RATE, BLOB_SCRUB_PAUSE }: TrainingIngestConfig,
    @Inject(LOGGER) logger: Logger,
  ) {
    super({
      ...{ area: MODELS_AREA, blobs, logger, BLOB_SCRUB_RATE, BLOB_SCRUB_PAUSE },
      recordsAfter: async (id, limit) =>
        (await iterations.withFilesAfter(id, limit)).map(({ workspace, files, ...iteration }) => ({
          id: iteration.id,
          keys: files.map((sha256) => ({ area: MODELS_AREA, workspace, sha256 })),
        })),
      isReferred: async (_record, { workspace, sha256 }) =>
        (await iterations.knownFiles(workspace, [sha256])).has(sha256),
    });
  }
}
