import { Injectable } from '@nestjs/common';
import { importDataset, type JobPayload, type JobResult } from '@pentaprism/contracts';
import type { JobControl, JobHandler } from '@pentaprism/jobs';
import { DatasetImporter } from './dataset-importer.js';

@Injectable()
export class ImportDatasetHandler implements JobHandler<typeof importDataset> {
  readonly type = importDataset;

  constructor(private readonly importer: DatasetImporter) {}

  async run(payload: JobPayload<typeof importDataset>, control: JobControl): Promise<JobResult<typeof importDataset>> {
    await this.importer.import(payload, control);
    return {};
  }
}
