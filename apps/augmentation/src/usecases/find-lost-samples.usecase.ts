import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { BLOB_STORE, RecordScrub } from '@pentaprism/service';
import { SampleRepository } from '../adapters/mongo/sample.repository.js';
import { AUGMENTATION_CONFIG, type AugmentationConfig } from '../config.js';

/** Looks whether the bytes of all samples are there. They cannot be made again: chance decided what they show. */
@Injectable()
export class FindLostSamples extends RecordScrub {
  constructor(
    samples: SampleRepository,
    @Inject(BLOB_STORE) blobs: BlobStore,
    @Inject(AUGMENTATION_CONFIG) { BLOB_SCRUB_RATE, BLOB_SCRUB_PAUSE }: AugmentationConfig,
    @Inject(LOGGER) logger: Logger,
  ) {
    super({
      ...{ area: 'samples', blobs, logger, BLOB_SCRUB_RATE, BLOB_SCRUB_PAUSE },
      recordsAfter: (id, limit) => samples.filesAfter(id, limit),
      isReferred: async (_record, { workspace, sha256 }) => (await samples.known(workspace, [sha256])).has(sha256),
    });
  }
}
