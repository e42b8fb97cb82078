import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { projectContracts, snapshotContracts } from '@pentaprism/contracts';
import { DomainError, isFinal, systemNow } from '@pentaprism/domain';
import { endJob, JobLedger } from '@pentaprism/jobs';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { Rounds } from '@pentaprism/service';
import { IterationRepository } from './iteration.repository.js';
import type { IterationDocument } from './iteration.schema.js';

const ROUND_MS = 30_000;
const BATCH = 100;
/** Milliseconds after which a training is checked. By then the call that began it has written its job, or has failed. */
const LOOK_AFTER_MS = 60_000;
/**
 * Milliseconds that a training may take, outages included: 100,000 images whose embeddings are missing take about one
 * hour. Clients wait for its end, many of them for ever, so it has to come.
 */
export const MAX_TRAINING_MS = 12 * 3600 * 1000;

/**
 * Completes what a process began that died, from the records alone: iterations that were deleted lose their snapshot, and
 * trainings that no worker carries out any more come to an end.
 */
@Injectable()
export class TendIterations implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly rounds: Rounds;

  constructor(
    private readonly bus: Bus,
    private readonly iterations: IterationRepository,
    private readonly ledger: JobLedger,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.rounds = new Rounds('iterations', logger);
  }

  onApplicationBootstrap(): void {
    this.rounds.every(ROUND_MS, () => this.tend());
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  /** One round; public for tests. */
  async tend(now = systemNow()): Promise<void> {
    for (const iteration of await this.iterations.findDeleted(BATCH)) await this.removeDeleted(iteration);
    for (const iteration of await this.iterations.findTraining(new Date(now - LOOK_AFTER_MS), BATCH))
      await this.look(iteration, now);
  }

  /** Removes what belongs to an iteration first, so that a later round finds the iteration if this process ends in between. */
  async removeDeleted({ _id, workspace, project, job }: IterationDocument): Promise<void> {
    const context = { workspace };
    const of = { projectId: project.toHexString(), snapshotId: _id.toHexString() };
    await endJob(this.bus, 'training-ingest', { workspace, job });
    await this.bus.call(snapshotContracts.delete, of, { context });
    await this.iterations.remove(workspace, _id);
  }

  private async look(iteration: IterationDocument, now: number): Promise<void> {
    const { _id, workspace, createdAt } = iteration;
    if (!(await this.hasProject(iteration))) return this.iterations.markDeleted(workspace, _id);
    const job = await this.ledger.find(iteration.job);
    const error = !job || isFinal(job.state) ? 'The training was lost.' : 'The training took too long.';
    if (job && !isFinal(job.state) && createdAt.getTime() > now - MAX_TRAINING_MS) return;
    await endJob(this.bus, 'training-ingest', iteration);
    // Unless its end has been noted meanwhile.
    const set = { status: 'failed', modifiedAt: new Date(now), error } as const;
    await this.iterations.updateTraining(workspace, _id, set);
  }

  private async hasProject({ workspace, project }: IterationDocument): Promise<boolean> {
    try {
      await this.bus.call(projectContracts.resolve, { id: project.toHexString() }, { context: { workspace } });
      return true;
    } catch (error) {
      if (DomainError.is(error, 'NOT_FOUND')) return false;
      throw error;
    }
  }
}
