import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { toObjectId, Transactions } from '@pentaprism/database';
import { PREDICTION_DAYS, systemNow } from '@pentaprism/domain';
import { endJob } from '@pentaprism/jobs';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { Rounds } from '@pentaprism/service';
import { DatasetRepository } from '../datasets/dataset.repository.js';
import { PredictionDatasetRepository } from './prediction-dataset.repository.js';
import type { PredictionDatasetDocument } from './prediction-dataset.schema.js';
import { TablePredictionRepository } from './table-prediction.repository.js';
import type { TablePredictionDocument } from './table-prediction.schema.js';

const ROUND_MS = 10_000;
const EXPIRY_ROUND_MS = 600_000;
const BATCH = 100;
const KEPT_MS = PREDICTION_DAYS * 24 * 3600 * 1000;

/** Removes predictions and data to predict that are old or were deleted. */
@Injectable()
export class TendTablePredictions implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly rounds: Rounds;

  constructor(
    private readonly bus: Bus,
    private readonly predictionDatasets: PredictionDatasetRepository,
    private readonly predictions: TablePredictionRepository,
    private readonly datasets: DatasetRepository,
    private readonly transactions: Transactions,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.rounds = new Rounds('table predictions', logger);
  }

  onApplicationBootstrap(): void {
    this.rounds.every(EXPIRY_ROUND_MS, () => this.expire());
    this.rounds.every(ROUND_MS, () => this.removeDeleted());
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  /** Marks what is too old as deleted; public for tests. */
  async expire(now = systemNow()): Promise<void> {
    const before = new Date(now - KEPT_MS);
    await this.predictions.expire(before);
    await this.predictionDatasets.expire(before);
  }

  /** Removes what was deleted. Files of predictions follow when their area is swept. Public for tests. */
  async removeDeleted(): Promise<void> {
    for (const predictionDataset of await this.predictionDatasets.findDeleted(BATCH)) {
      if (this.rounds.stopped) return;
      // One that fails must not keep the others. It is found again in the next round.
      await this.removeDataset(predictionDataset).catch((error: unknown) =>
        this.logger.warn({ err: error, predictionDataset: predictionDataset._id }, 'table predictions: not removed'),
      );
    }
    for (const prediction of await this.predictions.findDeleted(BATCH)) {
      if (this.rounds.stopped) return;
      await this.removePrediction(prediction).catch((error: unknown) =>
        this.logger.warn({ err: error, prediction: prediction._id }, 'table predictions: not removed'),
      );
    }
  }

  /** Marks data to predict as deleted, with what was predicted for it. A later round ends its jobs and removes it. */
  async forgetDataset({ workspace, _id }: PredictionDatasetDocument): Promise<void> {
    await this.predictionDatasets.markDeleted(workspace, _id);
    await this.predictions.markDeleted(workspace, { predictionDataset: _id });
    this.rounds.once(0, () => this.removeDeleted());
  }

  /** Marks everything of a project as deleted. A later round ends its jobs and removes it. */
  async forget(workspace: string, projectId: string): Promise<void> {
    const project = toObjectId(projectId, 'project');
    await this.predictionDatasets.markDeletedOfProject(workspace, project);
    await this.predictions.markDeleted(workspace, { project });
  }

  /** The record goes last, so that a removal that is cut off is found again. */
  private async removeDataset(predictionDataset: PredictionDatasetDocument): Promise<void> {
    const { workspace, _id, dataset, own } = predictionDataset;
    await endJob(this.bus, 'training-ingest', predictionDataset);
    // Those that were begun while it was being deleted.
    await this.predictions.markDeleted(workspace, { predictionDataset: _id });
    await this.transactions.run(async (session) => {
      if (!(await this.predictionDatasets.remove(predictionDataset, session))) return;
      if (own) await this.datasets.markDeleted(workspace, dataset, session);
      await this.datasets.letGo(workspace, dataset, session);
    });
  }

  private async removePrediction(prediction: TablePredictionDocument): Promise<void> {
    await endJob(this.bus, 'training-ingest', prediction);
    await this.predictions.remove(prediction);
  }
}
