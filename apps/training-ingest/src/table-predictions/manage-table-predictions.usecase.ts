import { Injectable } from '@nestjs/common';
import type {
  ParsedRequestOf,
  predictionDatasetContracts,
  ResponseOf,
  tablePredictionContracts,
} from '@pentaprism/contracts';
import { notFound } from '@pentaprism/database';
import { CandidateRepository } from '../candidates/candidate.repository.js';
import { DatasetRowsRepository } from '../datasets/dataset-rows.repository.js';
import { DatasetRepository } from '../datasets/dataset.repository.js';
import { LiveTables } from '../modelings/live-tables.js';
import { ModelingRepository } from '../modelings/modeling.repository.js';
import { CandidateColumns } from './candidate-columns.js';
import { PredictionDatasetRepository } from './prediction-dataset.repository.js';
import { toPredictionDataset } from './prediction-dataset.schema.js';
import { TablePredictionRepository } from './table-prediction.repository.js';
import { toTablePrediction } from './table-prediction.schema.js';
import { TendTablePredictions } from './tend-table-predictions.usecase.js';

type DatasetRequests = {
  [Name in keyof typeof predictionDatasetContracts]: ParsedRequestOf<(typeof predictionDatasetContracts)[Name]>;
};
type Requests = {
  [Name in keyof typeof tablePredictionContracts]: ParsedRequestOf<(typeof tablePredictionContracts)[Name]>;
};

/** Finds and deletes data to predict. */
@Injectable()
export class ManagePredictionDatasets {
  constructor(
    private readonly predictionDatasets: PredictionDatasetRepository,
    private readonly datasets: DatasetRepository,
    private readonly modelings: ModelingRepository,
    private readonly live: LiveTables,
    private readonly tending: TendTablePredictions,
  ) {}

  /** Throws NOT_FOUND. */
  async list(workspace: string, { projectId, ...page }: DatasetRequests['list']) {
    const modeling = await this.modelings.findOpened(workspace, projectId);
    if (!modeling) {
      // NOT_FOUND if there is no such project.
      await this.live.columns(projectId);
      return { predictionDatasets: [], total: 0 };
    }
    const { found, total } = await this.predictionDatasets.list(workspace, modeling._id, page);
    const ids = found.map(({ dataset }) => dataset);
    const datasets = await this.datasets.findKept(workspace, ids);
    const byId = new Map(datasets.map((dataset) => [dataset._id.toHexString(), dataset]));
    const predictionDatasets = found.flatMap((each) => {
      const dataset = byId.get(each.dataset.toHexString());
      return dataset ? [toPredictionDataset(each, dataset)] : [];
    });
    return { predictionDatasets, total };
  }

  /** Throws NOT_FOUND. */
  async get(workspace: string, key: DatasetRequests['get']) {
    const found = await this.predictionDatasets.get(workspace, key);
    return toPredictionDataset(found, await this.datasets.getKept(workspace, found.dataset));
  }

  /** Throws NOT_FOUND. */
  async delete(workspace: string, key: DatasetRequests['delete']): Promise<void> {
    await this.tending.forgetDataset(await this.predictionDatasets.get(workspace, key));
  }
}

/** Finds predictions, and says what they are made of. */
@Injectable()
export class ManageTablePredictions {
  constructor(
    private readonly predictions: TablePredictionRepository,
    private readonly modelings: ModelingRepository,
    private readonly candidates: CandidateRepository,
    private readonly columns: CandidateColumns,
    private readonly rows: DatasetRowsRepository,
  ) {}

  /** Throws NOT_FOUND. */
  async get(workspace: string, key: Requests['get']) {
    return toTablePrediction(await this.predictions.get(workspace, key));
  }

  /** Throws NOT_FOUND. */
  async plan(workspace: string, key: Requests['plan']): Promise<ResponseOf<typeof tablePredictionContracts.plan>> {
    const prediction = await this.predictions.get(workspace, key);
    const modeling = await this.modelings.get(workspace, key.projectId);
    const candidateKey = { projectId: key.projectId, candidateId: prediction.candidate.toHexString() };
    const candidate = await this.candidates.get(workspace, candidateKey);
    const { dataset, columns } = await this.columns.read(workspace, prediction.dataset);
    const { target } = modeling;
    if (!target || !candidate.trained || !dataset.table) throw notFound('model or table');
    const needed = new Set(await this.columns.neededBy(candidate, modeling));
    const { backbone, model } = candidate.trained.files;
    const { column, type, metric, positiveClass, mode } = target;
    return {
      target: { column, type, metric, positiveClass, mode },
      ...{ backbone, model, rowCount: prediction.rowCount, table: dataset.table },
      columns: columns
        .filter(({ name }) => needed.has(name))
        .map(({ index, name, type }) => ({ index, name, hasImages: type === 'Image' })),
    };
  }

  /** Throws NOT_FOUND. */
  async images(workspace: string, { after, limit, ...key }: Requests['images']) {
    const { dataset } = await this.predictions.get(workspace, key);
    const images = await this.rows.findImages({ _id: dataset, workspace }, after, limit);
    return { images: images.map(({ row, column, sha256 }) => ({ row, column, sha256 })) };
  }
}
