import { Injectable } from '@nestjs/common';
import { importPredictionDataset, type JobPayload } from '@pentaprism/contracts';
import type { JobDocument, JobEffect } from '@pentaprism/jobs';
import { Types, type ClientSession } from 'mongoose';
import { DatasetRepository } from '../datasets/dataset.repository.js';
import { PredictionDatasetRepository } from './prediction-dataset.repository.js';

/** Makes data to predict ready when it has been imported. If the import failed or was aborted, removes it. */
@Injectable()
export class ImportPredictionDatasetEffect implements JobEffect<typeof importPredictionDataset> {
  readonly type = importPredictionDataset;

  constructor(
    private readonly predictionDatasets: PredictionDatasetRepository,
    private readonly datasets: DatasetRepository,
  ) {}

  async completed(job: JobDocument, _result: object, session: ClientSession): Promise<void> {
    const { workspace, predictionDataset, dataset } = idsOf(job);
    await this.datasets.finishImport(workspace, dataset, session);
    await this.predictionDatasets.finishImport(workspace, predictionDataset, session);
  }

  isWanted(job: JobDocument): Promise<boolean> {
    const { workspace, predictionDataset } = idsOf(job);
    return this.predictionDatasets.exists(workspace, predictionDataset);
  }

  async ended(job: JobDocument, session: ClientSession): Promise<void> {
    const { workspace, predictionDataset } = idsOf(job);
    await this.predictionDatasets.markDeleted(workspace, predictionDataset, session);
  }
}

function idsOf(job: JobDocument) {
  const { workspace, predictionDatasetId, datasetId } = job.payload as JobPayload<typeof importPredictionDataset>;
  return {
    workspace,
    predictionDataset: new Types.ObjectId(predictionDatasetId),
    dataset: new Types.ObjectId(datasetId),
  };
}
