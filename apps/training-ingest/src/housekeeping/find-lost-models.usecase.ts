import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { BLOB_STORE, RecordScrub } from '@pentaprism/service';
import { CandidateRepository } from '../candidates/candidate.repository.js';
import { TRAINING_INGEST_CONFIG, type TrainingIngestConfig } from '../config/config.js';
import { IterationRepository } from '../models/iteration.repository.js';
import { MODELS_AREA } from '../models/trained-models.js';
import { TablePredictionRepository } from '../table-predictions/table-prediction.repository.js';

type ModelRecords = Pick<IterationRepository, 'knownFiles' | 'withFilesAfter'>;

/** Checks that the files of one kind of records are there. Only another job makes them again. */
abstract class FindLostFiles extends RecordScrub {
  constructor(
    records: ModelRecords,
    blobs: BlobStore,
    { BLOB_SCRUB_RATE, BLOB_SCRUB_PAUSE }: TrainingIngestConfig,
    logger: Logger,
  ) {
    super({
      ...{ area: MODELS_AREA, blobs, logger, BLOB_SCRUB_RATE, BLOB_SCRUB_PAUSE },
      recordsAfter: async (id, limit) =>
        (await records.withFilesAfter(id, limit)).map(({ workspace, files, ...record }) => ({
          id: record.id,
          keys: files.map((sha256) => ({ area: MODELS_AREA, workspace, sha256 })),
        })),
      isReferred: async (_record, { workspace, sha256 }) => (await records.knownFiles(workspace, [sha256])).has(sha256),
    });
  }
}

/** Checks the files of iterations. */
@Injectable()
export class FindLostModels extends FindLostFiles {
  constructor(
    iterations: IterationRepository,
    @Inject(BLOB_STORE) blobs: BlobStore,
    @Inject(TRAINING_INGEST_CONFIG) config: TrainingIngestConfig,
    @Inject(LOGGER) logger: Logger,
  ) {
    super(iterations, blobs, config, logger);
  }
}

/** Checks the files of candidates. */
@Injectable()
export class FindLostCandidates extends FindLostFiles {
  constructor(
    candidates: CandidateRepository,
    @Inject(BLOB_STORE) blobs: BlobStore,
    @Inject(TRAINING_INGEST_CONFIG) config: TrainingIngestConfig,
    @Inject(LOGGER) logger: Logger,
  ) {
    super(candidates, blobs, config, logger);
  }
}

/** Checks the files of predictions. */
@Injectable()
export class FindLostPredictions extends FindLostFiles {
  constructor(
    predictions: TablePredictionRepository,
    @Inject(BLOB_STORE) blobs: BlobStore,
    @Inject(TRAINING_INGEST_CONFIG) config: TrainingIngestConfig,
    @Inject(LOGGER) logger: Logger,
  ) {
    super(predictions, blobs, config, logger);
  }
}
