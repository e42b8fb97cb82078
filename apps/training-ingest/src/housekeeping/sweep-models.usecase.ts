import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { sweepUnknown, type BlobStore } from '@pentaprism/blob-store';
import { systemNow } from '@pentaprism/domain';
import { JobLedger } from '@pentaprism/jobs';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { BLOB_STORE, Rounds } from '@pentaprism/service';
import { CandidateRepository } from '../candidates/candidate.repository.js';
import { IterationRepository } from '../models/iteration.repository.js';
import { MODELS_AREA } from '../models/trained-models.js';
import { TablePredictionRepository } from '../table-predictions/table-prediction.repository.js';

/** Milliseconds that files stay which no model has: far more than from a file to the report of its job. */
export const MODEL_FILE_GRACE_MS = 3600 * 1000;
const MODEL_ROUND_MS = 3600 * 1000;
/** Milliseconds until the first round, so that a service that starts again within the hour sweeps, too. */
const FIRST_MODEL_ROUND_MS = 10_000;

/** The area of pictures that were shown to models and are not kept. */
export const PREDICTIONS_AREA = 'predictions';
/** Milliseconds that they stay: longer than their call can take. */
export const PREDICTION_PICTURE_MS = 120_000;
const PREDICTION_ROUND_MS = 30_000;

/**
 * Removes the files of models and predictions that are gone, the parts that ended jobs have stored, and pictures that were predicted
 * and not kept.
 */
@Injectable()
export class SweepModels implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly rounds: Rounds;

  constructor(
    private readonly iterations: IterationRepository,
    private readonly candidates: CandidateRepository,
    private readonly tablePredictions: TablePredictionRepository,
    private readonly ledger: JobLedger,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.rounds = new Rounds('models', logger);
  }

  onApplicationBootstrap(): void {
    this.rounds.once(FIRST_MODEL_ROUND_MS, () => this.sweepModels());
    this.rounds.every(MODEL_ROUND_MS, () => this.sweepModels());
    this.rounds.every(PREDICTION_ROUND_MS, () => this.sweepPredictions());
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  /** Public for tests. @returns how many files were removed */
  sweepModels(now = systemNow()): Promise<number> {
    const known = async (workspace: string, hashes: string[]) => {
      const owners = [this.iterations, this.candidates, this.tablePredictions, this.ledger];
      const found = await Promise.all(owners.map((owner) => owner.knownFiles(workspace, hashes)));
      return new Set(found.flatMap((known) => [...known]));
    };
    return this.sweep(MODELS_AREA, now - MODEL_FILE_GRACE_MS, known);
  }

  /** Public for tests. @returns how many pictures were removed */
  sweepPredictions(now = systemNow()): Promise<number> {
    return this.sweep(PREDICTIONS_AREA, now - PREDICTION_PICTURE_MS, () => Promise.resolve(new Set()));
  }

  private sweep(area: string, before: number, known: (workspace: string, hashes: string[]) => Promise<Set<string>>) {
    return sweepUnknown(this.blobs, area, new Date(before), known, () => this.rounds.stopped);
  }
}
