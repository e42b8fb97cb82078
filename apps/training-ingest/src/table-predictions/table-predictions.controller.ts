import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { predictionDatasetContracts, tablePredictionContracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { CreatePredictionDataset } from './create-prediction-dataset.usecase.js';
import { ManagePredictionDatasets, ManageTablePredictions } from './manage-table-predictions.usecase.js';
import { PredictTable } from './predict-table.usecase.js';

const contracts = { ...predictionDatasetContracts, prediction: tablePredictionContracts };

type DatasetRequests = {
  [Name in keyof typeof predictionDatasetContracts]: ParsedRequestOf<(typeof predictionDatasetContracts)[Name]>;
};
type Requests = {
  [Name in keyof typeof tablePredictionContracts]: ParsedRequestOf<(typeof tablePredictionContracts)[Name]>;
};

@Controller()
export class TablePredictionsController {
  constructor(
    private readonly creation: CreatePredictionDataset,
    private readonly datasets: ManagePredictionDatasets,
    private readonly predicting: PredictTable,
    private readonly predictions: ManageTablePredictions,
  ) {}

  @RpcHandler(contracts.create)
  create(request: DatasetRequests['create'], { workspace, actor }: HandlerContext) {
    return this.creation.execute(workspace, actor, request);
  }

  @RpcHandler(contracts.list)
  list(request: DatasetRequests['list'], { workspace }: HandlerContext) {
    return this.datasets.list(workspace, request);
  }

  @RpcHandler(contracts.get)
  get(request: DatasetRequests['get'], { workspace }: HandlerContext) {
    return this.datasets.get(workspace, request);
  }

  @RpcHandler(contracts.delete)
  async delete(request: DatasetRequests['delete'], { workspace }: HandlerContext) {
    await this.datasets.delete(workspace, request);
    return {};
  }

  @RpcHandler(contracts.prediction.predict)
  predict(request: Requests['predict'], { workspace }: HandlerContext) {
    return this.predicting.execute(workspace, request);
  }

  @RpcHandler(contracts.prediction.get)
  getPrediction(request: Requests['get'], { workspace }: HandlerContext) {
    return this.predictions.get(workspace, request);
  }

  @RpcHandler(contracts.prediction.plan)
  plan(request: Requests['plan'], { workspace }: HandlerContext) {
    return this.predictions.plan(workspace, request);
  }

  @RpcHandler(contracts.prediction.images)
  images(request: Requests['images'], { workspace }: HandlerContext) {
    return this.predictions.images(workspace, request);
  }
}
