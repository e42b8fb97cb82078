import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { projectContracts } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { EndJobs } from '../candidates/end-jobs.usecase.js';
import { TendCandidates } from '../candidates/tend-candidates.usecase.js';
import { TendModelings } from '../modelings/tend-modelings.usecase.js';
import { IterationRepository } from '../models/iteration.repository.js';
import { PredictionRepository } from '../predictions/prediction.repository.js';
import { TendTablePredictions } from '../table-predictions/tend-table-predictions.usecase.js';

/** Removes projects, unless a model of theirs is published. */
@Injectable()
export class DeleteProject {
  constructor(
    private readonly bus: Bus,
    private readonly iterations: IterationRepository,
    private readonly predictions: PredictionRepository,
    private readonly tablePredictions: TendTablePredictions,
    private readonly candidates: TendCandidates,
    private readonly modelings: TendModelings,
    private readonly jobs: EndJobs,
  ) {}

  /** @throws DomainError NOT_FOUND; FAILED_PRECONDITION */
  async execute(workspace: string, projectId: string): Promise<void> {
    const iterations = await this.iterations.list(workspace, projectId);
    if (iterations.some(({ publishName }) => publishName !== null))
      throw new DomainError('FAILED_PRECONDITION', 'An iteration of the project is published: unpublish it first.', {
        reason: 'published',
      });
    try {
      await this.bus.call(projectContracts.delete, { id: projectId });
    } catch (error) {
      // A project whose dataset is still being imported is not in the catalog yet.
      if (!DomainError.is(error, 'NOT_FOUND') || !(await this.modelings.forget(workspace, projectId))) throw error;
      return;
    }
    // The fact of the deletion comes later. Until then, the rows would still be found.
    await this.modelings.forget(workspace, projectId);
  }

  /** A project is gone: its models, predictions, rows and jobs go, too; their files follow when nothing refers to them. */
  async forget(workspace: string, projectId: string): Promise<void> {
    // First, so that nothing is begun any more.
    await this.modelings.forget(workspace, projectId);
    for (const { _id } of await this.iterations.list(workspace, projectId))
      await this.iterations.markDeleted(workspace, _id);
    await this.tablePredictions.forget(workspace, projectId);
    await this.candidates.forget(workspace, projectId);
    await this.predictions.removeOfProject(workspace, projectId);
    await this.jobs.of(workspace, { projectId });
  }
}
