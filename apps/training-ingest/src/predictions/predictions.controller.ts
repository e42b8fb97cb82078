import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { predictionContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { Predict } from './predict.usecase.js';
import { QueryPredictions } from './query-predictions.usecase.js';

@Controller()
export class PredictionsController {
  constructor(
    private readonly predicting: Predict,
    private readonly predictions: QueryPredictions,
  ) {}

  @RpcHandler(contracts.predict)
  predict(request: ParsedRequestOf<typeof contracts.predict>, { workspace }: HandlerContext) {
    return this.predicting.execute(workspace, request);
  }

  @RpcHandler(contracts.query)
  query(request: ParsedRequestOf<typeof contracts.query>, { workspace }: HandlerContext) {
    return this.predictions.execute(workspace, request);
  }

  @RpcHandler(contracts.deleteMany)
  async deleteMany(request: ParsedRequestOf<typeof contracts.deleteMany>, { workspace }: HandlerContext) {
    await this.predictions.deleteMany(workspace, request);
    return {};
  }
}
