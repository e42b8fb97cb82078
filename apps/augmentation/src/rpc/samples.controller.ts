import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { sampleContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { FindSamples } from '../usecases/find-samples.usecase.js';
import { RequestSamples } from '../usecases/request-samples.usecase.js';

@Controller()
export class SamplesController {
  constructor(
    private readonly requestSamples: RequestSamples,
    private readonly findSamples: FindSamples,
  ) {}

  @RpcHandler(contracts.request)
  request(request: ParsedRequestOf<typeof contracts.request>, { workspace }: HandlerContext) {
    return this.requestSamples.ofList(workspace, request);
  }

  @RpcHandler(contracts.requestOnce)
  requestOnce(request: ParsedRequestOf<typeof contracts.requestOnce>, { workspace }: HandlerContext) {
    return this.requestSamples.once(workspace, request);
  }

  @RpcHandler(contracts.listOfList)
  listOfList({ listId, ...page }: ParsedRequestOf<typeof contracts.listOfList>, { workspace }: HandlerContext) {
    return this.findSamples.ofList(workspace, listId, page);
  }

  @RpcHandler(contracts.list)
  list({ samplesId, ...page }: ParsedRequestOf<typeof contracts.list>, { workspace }: HandlerContext) {
    return this.findSamples.ofSet(workspace, samplesId, page);
  }

  @RpcHandler(contracts.listSets)
  listSets({ projectId, ...page }: ParsedRequestOf<typeof contracts.listSets>, { workspace }: HandlerContext) {
    return this.findSamples.sets(workspace, projectId, page);
  }

  @RpcHandler(contracts.getImage)
  getImage({ projectId, imageId }: ParsedRequestOf<typeof contracts.getImage>, { workspace }: HandlerContext) {
    return this.findSamples.image(workspace, projectId, imageId);
  }
}
