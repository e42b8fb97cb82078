import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { createProject, modelingContracts, type JobPayload, type JobResult } from '@pentaprism/contracts';
import type { JobControl, JobHandler } from '@pentaprism/jobs';
import { DatasetImporter } from './dataset-importer.js';
import { Turn } from './turn.js';

/** Share of the progress of a project whose dataset is imported first. */
const IMPORTED = 0.9;

/** Makes a project of a dataset: imports the dataset if that has not been done, then adds its images to the project. */
@Injectable()
export class CreateProjectHandler implements JobHandler<typeof createProject> {
  readonly type = createProject;

  constructor(
    private readonly bus: Bus,
    private readonly importer: DatasetImporter,
  ) {}

  async run(payload: JobPayload<typeof createProject>, control: JobControl): Promise<JobResult<typeof createProject>> {
    const { projectId } = payload;
    const { imported } = await this.bus.call(modelingContracts.open, { projectId, imported: false });
    if (!imported) {
      await this.importer.import(payload, { ...control, progress: (share) => control.progress(share * IMPORTED) });
      await this.bus.call(modelingContracts.open, { projectId, imported: true });
    }
    const turn = new Turn();
    turn.begin();
    for (;;) {
      control.signal.throwIfAborted();
      const { done, share } = await this.bus.call(modelingContracts.addImages, { projectId });
      control.progress(imported ? share : IMPORTED + (1 - IMPORTED) * share);
      if (done) return {};
      await turn.letOthersGoFirst(control);
    }
  }
}
