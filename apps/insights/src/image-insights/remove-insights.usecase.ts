import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { candidateContracts } from '@pentaprism/contracts';
import { toObjectId, Transactions } from '@pentaprism/database';
import { DomainError } from '@pentaprism/domain';
import { endJob } from '@pentaprism/jobs';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { Rounds } from '@pentaprism/service';
import type { Types } from 'mongoose';
import { ImageInsightRepository } from './image-insight.repository.js';
import type { ImageInsightDocument } from './image-insight.schema.js';
import { OverlayRepository } from './overlay.repository.js';

const ROUND_MS = 600_000;
/** Milliseconds until the first round. It finds what a removal left that the end of the service cut off. */
const FIRST_ROUND_MS = 5_000;
const BATCH = 100;

/** Removes insights whose project or candidate is gone. Their files follow when no record refers to them. */
@Injectable()
export class RemoveInsights implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly rounds: Rounds;

  constructor(
    private readonly bus: Bus,
    private readonly insights: ImageInsightRepository,
    private readonly overlays: OverlayRepository,
    private readonly transactions: Transactions,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.rounds = new Rounds('insights', logger);
  }

  onApplicationBootstrap(): void {
    this.rounds.once(FIRST_ROUND_MS, () => this.tend());
    this.rounds.every(ROUND_MS, () => this.tend());
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  /** Removes the insights of a deleted project, and ends their jobs. */
  async ofProject(workspace: string, projectId: string): Promise<void> {
    for (const insight of await this.insights.ofProject(workspace, toObjectId(projectId, 'project')))
      await this.remove(insight);
  }

  /** Removes the insights of a deleted candidate, and ends their jobs. */
  async ofCandidate(workspace: string, candidateId: string): Promise<void> {
    for (const insight of await this.insights.ofCandidate(workspace, toObjectId(candidateId, 'model')))
      await this.remove(insight);
  }

  /** One round; public for tests. */
  async tend(): Promise<void> {
    await this.removeWithoutCandidate();
    await this.removeOverlays();
  }

  private async removeWithoutCandidate(): Promise<void> {
    for (let last: Types.ObjectId | null = null; ;) {
      const found: ImageInsightDocument[] = await this.insights.after(last, BATCH);
      for (const insight of found) {
        if (this.rounds.stopped) return;
        last = insight._id;
        // One that fails must not keep the others. It is found again in the next round.
        await this.removeIfAlone(insight).catch((error: unknown) =>
          this.logger.warn({ err: error, insight: insight._id }, 'insights: not removed'),
        );
      }
      if (found.length < BATCH) return;
    }
  }

  private async removeIfAlone(insight: ImageInsightDocument): Promise<void> {
    const key = { projectId: insight.project.toHexString(), candidateId: insight.candidate.toHexString() };
    const candidate = this.bus.call(candidateContracts.get, key, { context: { workspace: insight.workspace } });
    if (await isMissing(candidate)) await this.remove(insight);
  }

  private async remove({ _id, workspace, columns }: ImageInsightDocument): Promise<void> {
    if (!columns) await endJob(this.bus, 'insights', { workspace, job: _id });
    // In a transaction, so that no overlay is recorded at the same time.
    await this.transactions.run((session) => this.insights.remove(workspace, _id, session));
    while (!(await this.overlays.removeSome(_id))) if (this.rounds.stopped) return;
  }

  /** Removes overlays of insights that were aborted, or whose removal was cut off. */
  private async removeOverlays(): Promise<void> {
    for (let last: Types.ObjectId | null = null; ;) {
      const found = await this.overlays.insightAfter(last);
      if (!found || this.rounds.stopped) return;
      const { insight, workspace } = found;
      last = insight;
      const isKept = await this.insights.exists(workspace, insight);
      while (!isKept && !(await this.overlays.removeSome(insight))) if (this.rounds.stopped) return;
    }
  }
}

async function isMissing(found: Promise<unknown>): Promise<boolean> {
  try {
    await found;
    return false;
  } catch (error) {
    if (DomainError.is(error, 'NOT_FOUND')) return true;
    throw error;
  }
}
