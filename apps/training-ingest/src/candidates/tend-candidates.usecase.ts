import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DomainError, systemNow } from '@pentaprism/domain';
import { LOGGER, newTraceId, runWithContext, type Logger } from '@pentaprism/observability';
import { Rounds } from '@pentaprism/service';
import { ModelingEvents } from '../modelings/modeling-events.js';
import { ModelingRepository } from '../modelings/modeling.repository.js';
import type { ModelingDocument } from '../modelings/modeling.schema.js';
import { CandidateRepository } from './candidate.repository.js';
import type { CandidateDocument } from './candidate.schema.js';
import { EndJobs } from './end-jobs.usecase.js';
import { TrainCandidates } from './train-candidates.usecase.js';

const ROUND_MS = 10_000;
const BATCH = 100;
/** Milliseconds that a candidate stays whose training failed: as long as its job. */
export const FAILED_CANDIDATE_MS = 30 * 24 * 3600 * 1000;

/** Begins the candidates of projects whose target is ready, and removes deleted ones. */
@Injectable()
export class TendCandidates implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly rounds: Rounds;

  constructor(
    private readonly candidates: CandidateRepository,
    private readonly modelings: ModelingRepository,
    private readonly training: TrainCandidates,
    private readonly events: ModelingEvents,
    private readonly jobs: EndJobs,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.rounds = new Rounds('candidates', logger);
  }

  onApplicationBootstrap(): void {
    this.rounds.every(ROUND_MS, () => this.search());
    this.events.listen('target ready', () => this.rounds.once(0, () => this.search()));
    this.rounds.every(ROUND_MS, () => this.removeDeleted());
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  /** Begins what is to be begun; public for tests. */
  async search(): Promise<void> {
    for (const modeling of await this.modelings.findSearching(BATCH)) {
      if (this.rounds.stopped) return;
      // One that fails must not keep the others. It is found again in the next round.
      await this.searchOne(modeling).catch((error: unknown) =>
        this.logger.warn({ err: error, project: modeling._id }, 'candidates: not begun'),
      );
    }
  }

  /** Removes deleted and long failed candidates, whose files follow when the area is swept; public for tests. */
  async removeDeleted(now = systemNow()): Promise<void> {
    await this.candidates.markFailedDeleted(new Date(now - FAILED_CANDIDATE_MS));
    for (const candidate of await this.candidates.findDeleted(BATCH)) {
      if (this.rounds.stopped) return;
      // One that fails must not keep the others. It is found again in the next round.
      await this.removeOne(candidate).catch((error: unknown) =>
        this.logger.warn({ err: error, candidate: candidate._id }, 'candidates: not removed'),
      );
    }
  }

  /** Marks the candidates of a project as deleted. */
  async forget(workspace: string, projectId: string): Promise<void> {
    for (const candidate of await this.candidates.list(workspace, projectId))
      await this.candidates.markDeleted(workspace, candidate._id);
  }

  private async removeOne({ workspace, project, _id }: CandidateDocument): Promise<void> {
    // Also those that were added while it was being deleted.
    await this.jobs.of(workspace, { projectId: project.toHexString(), candidateId: _id.toHexString() });
    await this.candidates.remove(workspace, _id);
  }

  /**
   * Trains in a context of its own. A round has none, or that of the job whose end began it, with another workspace and a deadline:
   * numbers of jobs would then be those of another workspace.
   */
  private async searchOne(modeling: ModelingDocument): Promise<void> {
    const { workspace, _id } = modeling;
    const context = { traceId: newTraceId(), workspace, actor: '' };
    try {
      await runWithContext(context, () => this.training.trainAll(workspace, _id.toHexString()));
    } catch (error) {
      // As many models as there may be, or a project that was deleted: there is nothing to begin.
      if (!DomainError.is(error, 'FAILED_PRECONDITION') && !DomainError.is(error, 'NOT_FOUND')) throw error;
    }
    await this.modelings.endSearch(modeling);
  }
}
