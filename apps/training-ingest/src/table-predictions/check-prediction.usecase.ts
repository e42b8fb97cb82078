import { Injectable } from '@nestjs/common';
import type { ParsedRequestOf, tablePredictionContracts } from '@pentaprism/contracts';
import { DomainError, MAX_PREDICTION_ROWS } from '@pentaprism/domain';
import type { Types } from 'mongoose';
import { CandidateRepository } from '../candidates/candidate.repository.js';
import { ModelingRepository } from '../modelings/modeling.repository.js';
import { CandidateColumns } from './candidate-columns.js';
import { PredictionDatasetRepository } from './prediction-dataset.repository.js';
import type { TablePredictionDocument } from './table-prediction.schema.js';

type Request = ParsedRequestOf<typeof tablePredictionContracts.predict>;

/** What is predicted, by which model. */
export type CheckedPrediction = Pick<
  TablePredictionDocument,
  'workspace' | 'project' | 'candidate' | 'predictionDataset' | 'dataset' | 'target' | 'rowCount'
>;

/** Names of columns that an error lists. */
const NAMED_COLUMNS = 20;

/** Checks that a model can predict the rows of a prediction dataset. */
@Injectable()
export class CheckPrediction {
  constructor(
    private readonly modelings: ModelingRepository,
    private readonly candidates: CandidateRepository,
    private readonly predictionDatasets: PredictionDatasetRepository,
    private readonly columns: CandidateColumns,
  ) {}

  /** Throws NOT_FOUND; INVALID_ARGUMENT if columns are missing or there are too many rows; FAILED_PRECONDITION without a model. */
  async execute(workspace: string, request: Request): Promise<CheckedPrediction> {
    const modeling = await this.modelings.get(workspace, request.projectId);
    const { target } = modeling;
    const candidate = await this.candidates.get(workspace, request);
    if (!candidate.trained || !target) throw new DomainError('FAILED_PRECONDITION', 'The model has not been trained.');
    const { _id: predictionDataset, dataset } = await this.predictionDatasets.get(workspace, request);
    const rowCount = await this.checkTable(workspace, dataset, await this.columns.neededBy(candidate, modeling));
    const { type, positiveClass } = target;
    return {
      ...{ workspace, project: modeling._id, candidate: candidate._id, predictionDataset, dataset, rowCount },
      target: { type, positiveClass },
    };
  }

  /** Returns how many rows there are. */
  private async checkTable(workspace: string, id: Types.ObjectId, needed: readonly string[]): Promise<number> {
    const { dataset, columns } = await this.columns.read(workspace, id);
    const rowCount = dataset.rowCount ?? 0;
    if (rowCount > MAX_PREDICTION_ROWS)
      throw new DomainError(
        'INVALID_ARGUMENT',
        `The dataset has ${rowCount} rows. Upload at most ${MAX_PREDICTION_ROWS} at a time.`,
        { field: 'datasetId', limit: MAX_PREDICTION_ROWS },
      );
    const names = new Set(columns.map(({ name }) => name));
    const missing = needed.filter((name) => !names.has(name));
    if (missing.length > 0)
      throw new DomainError('INVALID_ARGUMENT', `The dataset lacks columns of the model: ${listed(missing)}.`, {
        field: 'datasetId',
      });
    return rowCount;
  }
}

function listed(names: readonly string[]): string {
  const more = names.length - NAMED_COLUMNS;
  return names.slice(0, NAMED_COLUMNS).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
