import { Injectable } from '@nestjs/common';
import { importDataset, type JobPayload, type JobResult } from '@pentaprism/contracts';
import type { JobDocument, JobEffect } from '@pentaprism/jobs';
import { Types, type ClientSession } from 'mongoose';
import { DatasetRepository } from './dataset.repository.js';

/** Makes a dataset ready when its import has completed, and removes it if the import failed or was aborted. */
@Injectable()
export class ImportDatasetEffect implements JobEffect<typeof importDataset> {
  readonly type = importDataset;

  constructor(private readonly datasets: DatasetRepository) {}

  async completed(job: JobDocument, _result: JobResult<typeof importDataset>, session: ClientSession): Promise<void> {
    const { workspace, datasetId } = job.payload as JobPayload<typeof importDataset>;
    await this.datasets.finishImport(workspace, new Types.ObjectId(datasetId), session);
  }

  isWanted(job: JobDocument): Promise<boolean> {
    const { workspace, datasetId } = job.payload as JobPayload<typeof importDataset>;
    return this.datasets.exists(workspace, datasetId);
  }

  async ended(job: JobDocument, session: ClientSession): Promise<void> {
    const { workspace, datasetId } = job.payload as JobPayload<typeof importDataset>;
    await this.datasets.markDeleted(workspace, new Types.ObjectId(datasetId), session);
  }
}
