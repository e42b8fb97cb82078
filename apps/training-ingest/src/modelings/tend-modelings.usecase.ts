import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { projectContracts, snapshotContracts } from '@pentaprism/contracts';
import { Transactions } from '@pentaprism/database';
import { DomainError, systemNow } from '@pentaprism/domain';
import { endJob } from '@pentaprism/jobs';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { Rounds } from '@pentaprism/service';
import { DatasetRepository } from '../datasets/dataset.repository.js';
import { ModelingEvents } from './modeling-events.js';
import { ModelingRepository } from './modeling.repository.js';
import type { ModelingDocument } from './modeling.schema.js';
import { ProjectImageRepository } from './project-image.repository.js';
import { TargetRepository } from './target.repository.js';

const ROUND_MS = 10_000;
const BATCH = 100;
/**
 * Milliseconds that the record of a deleted project stays: longer than a step of its creation takes, which may still create
 * the project in the catalog, or add images.
 */
export const MODELING_GRACE_MS = 120_000;

/** Removes what belongs to deleted projects. */
@Injectable()
export class TendModelings implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly rounds: Rounds;

  constructor(
    private readonly bus: Bus,
    private readonly modelings: ModelingRepository,
    private readonly images: ProjectImageRepository,
    private readonly targets: TargetRepository,
    private readonly datasets: DatasetRepository,
    private readonly transactions: Transactions,
    private readonly events: ModelingEvents,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.rounds = new Rounds('modelings', logger);
  }

  onApplicationBootstrap(): void {
    this.rounds.every(ROUND_MS, () => this.removeDeleted());
    // The project is in the catalog until then.
    this.events.listen('project failed', () => this.rounds.once(0, () => this.removeDeleted()));
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  /** Removes what belongs to a deleted project, and ends its creation. Returns whether there was anything. */
  async forget(workspace: string, projectId: string): Promise<boolean> {
    const modeling = await this.modelings.find(workspace, projectId);
    if (!modeling) return false;
    await this.modelings.markDeleted(workspace, modeling._id);
    await this.abortJobs(modeling).catch(() => undefined);
    return true;
  }

  /** One round; public for tests. */
  async removeDeleted(now = systemNow()): Promise<void> {
    for (const modeling of await this.modelings.findDeleted(BATCH)) {
      if (this.rounds.stopped) return;
      // One that fails must not keep the others. It is found again in the next round.
      await this.remove(modeling, now).catch((error: unknown) =>
        this.logger.warn({ err: error, project: modeling._id }, 'modelings: not removed'),
      );
    }
  }

  /** The record goes last, so that a removal that is cut off is found again. */
  private async remove(modeling: ModelingDocument, now: number): Promise<void> {
    const { _id, workspace, deletedAt, isSnapshot } = modeling;
    await this.abortJobs(modeling);
    if (isSnapshot) await this.deleteSnapshot(modeling);
    else {
      await unless(['NOT_FOUND'], () =>
        this.bus.call(projectContracts.delete, { id: _id.toHexString() }, { context: { workspace } }),
      );
      if (now - (deletedAt?.getTime() ?? now) < MODELING_GRACE_MS) return;
    }
    while (!(await this.targets.removeSome(_id))) if (this.rounds.stopped) return;
    while (!(await this.images.removeSome(_id))) if (this.rounds.stopped) return;
    await this.transactions.run(async (session) => {
      if (await this.modelings.remove(modeling, session))
        await this.datasets.letGo(workspace, modeling.dataset, session);
      if (isSnapshot) await this.datasets.markDeleted(workspace, modeling.dataset, session);
    });
  }

  /** The project is not removed with its snapshot, which may have failed. */
  private async deleteSnapshot({ _id, workspace, dataset }: ModelingDocument): Promise<void> {
    const request = { projectId: _id.toHexString(), snapshotId: dataset.toHexString() };
    await this.bus.call(snapshotContracts.delete, request, { context: { workspace } });
  }

  private async abortJobs({ workspace, job, target }: ModelingDocument): Promise<void> {
    await endJob(this.bus, 'training-ingest', { workspace, job });
    if (target) await endJob(this.bus, 'training-ingest', { workspace, job: target.id });
  }
}

/** Makes a call that may fail with some codes because there is nothing left to do. */
async function unless(codes: readonly DomainError['code'][], call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!DomainError.is(error) || !codes.includes(error.code)) throw error;
  }
}
