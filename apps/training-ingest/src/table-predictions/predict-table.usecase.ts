import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import {
  counterContracts,
  predictCandidate,
  type ParsedRequestOf,
  type TablePrediction,
  type tablePredictionContracts,
} from '@pentaprism/contracts';
import { isDuplicateKey, Transactions } from '@pentaprism/database';
import { DomainError, MAX_TABLE_PREDICTIONS_PER_PROJECT, systemDate } from '@pentaprism/domain';
import { JobLedger, JobQueue, type JobDocument } from '@pentaprism/jobs';
import { Types } from 'mongoose';
import { CheckPrediction } from './check-prediction.usecase.js';
import { PredictionDatasetRepository } from './prediction-dataset.repository.js';
import { TablePredictionRepository } from './table-prediction.repository.js';
import { toTablePrediction, type TablePredictionDocument } from './table-prediction.schema.js';

type Request = ParsedRequestOf<typeof tablePredictionContracts.predict>;

/** Begins to predict the rows of prediction datasets. */
@Injectable()
export class PredictTable {
  constructor(
    private readonly bus: Bus,
    private readonly checking: CheckPrediction,
    private readonly predictionDatasets: PredictionDatasetRepository,
    private readonly predictions: TablePredictionRepository,
    private readonly transactions: Transactions,
    private readonly ledger: JobLedger,
    private readonly queue: JobQueue,
  ) {}

  /** Throws NOT_FOUND; INVALID_ARGUMENT; FAILED_PRECONDITION. */
  async execute(workspace: string, request: Request): Promise<TablePrediction> {
    const checked = await this.checking.execute(workspace, request);
    const { first: jobNumber } = await this.bus.call(counterContracts.next, { sequence: 'job' });
    const prediction: TablePredictionDocument = {
      ...{ _id: new Types.ObjectId(), ...checked, state: 'predicting', job: new Types.ObjectId(), jobNumber },
      ...{ createdAt: systemDate(), file: null, error: null, deletedAt: null },
    };
    const job = await this.record(workspace, request, prediction).catch((error: unknown) => {
      throw isDuplicateKey(error) ? underWay() : error;
    });
    // Not awaited: the ledger has the job.
    void this.queue.enqueue(job);
    return toTablePrediction(prediction);
  }

  private record(workspace: string, request: Request, prediction: TablePredictionDocument): Promise<JobDocument> {
    const { _id, project, job: id, jobNumber: number } = prediction;
    const { projectId, candidateId } = request;
    const predictionId = _id.toHexString();
    return this.transactions.run(async (session) => {
      const { all, pending } = await this.predictions.count(workspace, project, session);
      if (all >= MAX_TABLE_PREDICTIONS_PER_PROJECT) throw tooMany();
      // It may have been deleted since.
      await this.predictionDatasets.get(workspace, request, session);
      await this.predictions.add(prediction, session);
      const payload = { workspace, projectId, predictionId };
      const subject = { projectId, candidateId, predictionId };
      // A project that predicts many tables lets the first ones of others go before.
      return this.ledger.add(predictCandidate, { id, workspace, number, payload, subject, priority: pending }, session);
    });
  }
}

function underWay(): DomainError {
  return new DomainError('FAILED_PRECONDITION', 'The model predicts this dataset already.', { reason: 'under-way' });
}

function tooMany(): DomainError {
  const most = MAX_TABLE_PREDICTIONS_PER_PROJECT;
  return new DomainError(
    'FAILED_PRECONDITION',
    `A project has at most ${most} predictions at a time: delete prediction datasets first.`,
    { reason: 'too-many', limit: most },
  );
}
