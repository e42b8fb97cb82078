import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { predictedImageContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { PredictedImages } from './predicted-images.usecase.js';

@Controller()
export class PredictedImagesController {
  constructor(private readonly images: PredictedImages) {}

  @RpcHandler(contracts.create)
  async create(request: ParsedRequestOf<typeof contracts.create>, context: HandlerContext) {
    await this.images.create(context, request);
    return {};
  }

  @RpcHandler(contracts.getMany)
  getMany({ projectId, ids }: ParsedRequestOf<typeof contracts.getMany>, { workspace }: HandlerContext) {
    return this.images.getMany(workspace, projectId, ids);
  }

  @RpcHandler(contracts.deleteMany)
  async deleteMany({ projectId, ids }: ParsedRequestOf<typeof contracts.deleteMany>, { workspace }: HandlerContext) {
    await this.images.deleteMany(workspace, projectId, ids);
    return {};
  }
}
