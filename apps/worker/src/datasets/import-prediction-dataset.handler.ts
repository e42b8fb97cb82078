import { Injectable } from '@nestjs/common';
import { importPredictionDataset, type JobPayload, type JobResult } from '@pentaprism/contracts';
import type { JobControl, JobHandler } from '@pentaprism/jobs';
import { DatasetImporter } from './dataset-importer.js';

type Job = typeof importPredictionDataset;

/** Imports data to predict as any other dataset. */
@Injectable()
export class ImportPredictionDatasetHandler implements JobHandler<Job> {
  readonly type = importPredictionDataset;

  constructor(private readonly importer: DatasetImporter) {}

  async run(payload: JobPayload<Job>, control: JobControl): Promise<JobResult<Job>> {
    if (!payload.imported) await this.importer.import(payload, control);
    return {};
  }
}
