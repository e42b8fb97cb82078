import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { augmentationListContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { ManageAugmentationLists } from '../usecases/manage-augmentation-lists.usecase.js';

@Controller()
export class AugmentationListsController {
  constructor(private readonly lists: ManageAugmentationLists) {}

  @RpcHandler(contracts.create)
  create(request: ParsedRequestOf<typeof contracts.create>, { workspace }: HandlerContext) {
    return this.lists.create(workspace, request);
  }

  @RpcHandler(contracts.get)
  get({ id }: ParsedRequestOf<typeof contracts.get>, { workspace }: HandlerContext) {
    return this.lists.get(workspace, id);
  }

  @RpcHandler(contracts.list)
  list(query: ParsedRequestOf<typeof contracts.list>, { workspace }: HandlerContext) {
    return this.lists.list(workspace, query);
  }

  @RpcHandler(contracts.forTraining)
  async forTraining({ projectId, use }: ParsedRequestOf<typeof contracts.forTraining>, { workspace }: HandlerContext) {
    return { recipe: await this.lists.recipeForTraining(workspace, projectId, use) };
  }

  @RpcHandler(contracts.update)
  update({ id, changes }: ParsedRequestOf<typeof contracts.update>, { workspace }: HandlerContext) {
    return this.lists.update(workspace, id, changes);
  }

  @RpcHandler(contracts.delete)
  delete({ id }: ParsedRequestOf<typeof contracts.delete>, { workspace }: HandlerContext) {
    return this.lists.delete(workspace, id);
  }
}
