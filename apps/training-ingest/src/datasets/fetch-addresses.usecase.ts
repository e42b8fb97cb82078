import { Inject, Injectable } from '@nestjs/common';
import type { ContentReference } from '@pentaprism/contracts';
import { DomainError, MAX_DATASET_IMAGE_BYTES } from '@pentaprism/domain';
import { ImportImage } from '../url/import-image.usecase.js';
import { DatasetRepository } from './dataset.repository.js';
import { TRAINING_INGEST_CONFIG, type TrainingIngestConfig } from '../config/config.js';

/** Milliseconds in which an upload is fetched from its address: less than the deadline of the call. */
const UPLOAD_FETCH_MS = 570_000;

/** Fetches uploads and images of datasets from addresses. Workers have no way to the internet. */
@Injectable()
export class FetchAddresses {
  constructor(
    private readonly datasets: DatasetRepository,
    private readonly importing: ImportImage,
    @Inject(TRAINING_INGEST_CONFIG) private readonly config: TrainingIngestConfig,
  ) {}

  /** Returns the upload of a dataset, fetched once. */
  async upload(workspace: string, datasetId: string): Promise<ContentReference> {
    const { upload, url } = await this.datasets.get(workspace, datasetId);
    if (upload) return upload;
    if (url === null) throw new DomainError('INVALID_ARGUMENT', 'The dataset has neither an upload nor an address.');
    const options = { maxBytes: this.config.MAX_DATASET_BYTES, area: 'datasets', wholeMs: UPLOAD_FETCH_MS } as const;
    const fetched = await this.importing.execute(workspace, url, options).catch(asPermanent);
    // Another start of the import may have fetched other bytes since.
    const stored = await this.datasets.setUpload(workspace, datasetId, fetched);
    return stored.upload ?? fetched;
  }

  async image(workspace: string, datasetId: string, url: string): Promise<ContentReference> {
    await this.datasets.get(workspace, datasetId);
    return this.importing.execute(workspace, url, { maxBytes: MAX_DATASET_IMAGE_BYTES });
  }
}

/** An import must not repeat an address that cannot be fetched for as long as an outage may last. */
function asPermanent(error: unknown): never {
  if (!DomainError.is(error, 'UPSTREAM_FAILED')) throw error;
  throw new DomainError('FAILED_PRECONDITION', 'The file at this URL cannot be fetched.', {}, { cause: error });
}
