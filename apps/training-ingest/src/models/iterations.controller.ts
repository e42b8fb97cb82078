import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { iterationContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { ExportModel } from './export-model.usecase.js';
import { FindPerformance } from './find-performance.usecase.js';
import { ManageIterations } from './manage-iterations.usecase.js';
import { TrainIteration } from './train-iteration.usecase.js';

@Controller()
export class IterationsController {
  constructor(
    private readonly training: TrainIteration,
    private readonly iterations: ManageIterations,
    private readonly performances: FindPerformance,
    private readonly exporting: ExportModel,
  ) {}

  @RpcHandler(contracts.train)
  train(request: ParsedRequestOf<typeof contracts.train>, { workspace }: HandlerContext) {
    return this.training.execute(workspace, request);
  }

  @RpcHandler(contracts.list)
  list({ projectId }: ParsedRequestOf<typeof contracts.list>, { workspace }: HandlerContext) {
    return this.iterations.list(workspace, projectId);
  }

  @RpcHandler(contracts.get)
  get(request: ParsedRequestOf<typeof contracts.get>, { workspace }: HandlerContext) {
    return this.iterations.get(workspace, request);
  }

  @RpcHandler(contracts.tags)
  tags(request: ParsedRequestOf<typeof contracts.tags>, { workspace }: HandlerContext) {
    return this.iterations.tags(workspace, request);
  }

  @RpcHandler(contracts.update)
  update(request: ParsedRequestOf<typeof contracts.update>, { workspace }: HandlerContext) {
    return this.iterations.update(workspace, request);
  }

  @RpcHandler(contracts.delete)
  async delete(request: ParsedRequestOf<typeof contracts.delete>, { workspace }: HandlerContext) {
    await this.iterations.delete(workspace, request);
    return {};
  }

  @RpcHandler(contracts.publish)
  publish(request: ParsedRequestOf<typeof contracts.publish>, { workspace }: HandlerContext) {
    return this.iterations.publish(workspace, request);
  }

  @RpcHandler(contracts.unpublish)
  unpublish(request: ParsedRequestOf<typeof contracts.unpublish>, { workspace }: HandlerContext) {
    return this.iterations.unpublish(workspace, request);
  }

  @RpcHandler(contracts.performance)
  performance(request: ParsedRequestOf<typeof contracts.performance>, { workspace }: HandlerContext) {
    return this.performances.ofIteration(workspace, request);
  }

  @RpcHandler(contracts.imagePerformances)
  imagePerformances(request: ParsedRequestOf<typeof contracts.imagePerformances>, { workspace }: HandlerContext) {
    return this.performances.ofImages(workspace, request);
  }

  @RpcHandler(contracts.export)
  export(request: ParsedRequestOf<typeof contracts.export>, { workspace }: HandlerContext) {
    return this.exporting.request(workspace, request);
  }

  @RpcHandler(contracts.exports)
  exports(request: ParsedRequestOf<typeof contracts.exports>, { workspace }: HandlerContext) {
    return this.exporting.list(workspace, request);
  }
}
