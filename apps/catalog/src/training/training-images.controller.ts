import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { trainingImageContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { AddImageMetadata } from './add-image-metadata.usecase.js';
import { AddTrainingImages } from './add-training-images.usecase.js';
import { DeleteTrainingImages } from './delete-training-images.usecase.js';
import { ListTrainingImages } from './list-training-images.usecase.js';
import { TagTrainingImages } from './tag-training-images.usecase.js';

@Controller()
export class TrainingImagesController {
  constructor(
    private readonly additions: AddTrainingImages,
    private readonly images: ListTrainingImages,
    private readonly tags: TagTrainingImages,
    private readonly metadata: AddImageMetadata,
    private readonly deletions: DeleteTrainingImages,
  ) {}

  @RpcHandler(contracts.add)
  add({ projectId, images }: ParsedRequestOf<typeof contracts.add>, context: HandlerContext) {
    return this.additions.execute(context, projectId, images);
  }

  @RpcHandler(contracts.list)
  list(request: ParsedRequestOf<typeof contracts.list>, { workspace }: HandlerContext) {
    return this.images.list(workspace, request);
  }

  @RpcHandler(contracts.count)
  count(request: ParsedRequestOf<typeof contracts.count>, { workspace }: HandlerContext) {
    return this.images.count(workspace, request);
  }

  @RpcHandler(contracts.countByTag)
  countByTag(request: ParsedRequestOf<typeof contracts.countByTag>, { workspace }: HandlerContext) {
    return this.images.countByTag(workspace, request);
  }

  @RpcHandler(contracts.getMany)
  getMany(request: ParsedRequestOf<typeof contracts.getMany>, { workspace }: HandlerContext) {
    return this.images.getMany(workspace, request);
  }

  @RpcHandler(contracts.addTags)
  addTags(request: ParsedRequestOf<typeof contracts.addTags>, { workspace }: HandlerContext) {
    return this.tags.add(workspace, request);
  }

  @RpcHandler(contracts.removeTags)
  async removeTags(request: ParsedRequestOf<typeof contracts.removeTags>, { workspace }: HandlerContext) {
    await this.tags.remove(workspace, request);
    return {};
  }

  @RpcHandler(contracts.addMetadata)
  addMetadata(request: ParsedRequestOf<typeof contracts.addMetadata>, { workspace }: HandlerContext) {
    return this.metadata.execute(workspace, request);
  }

  @RpcHandler(contracts.deleteMany)
  deleteMany({ projectId, ids }: ParsedRequestOf<typeof contracts.deleteMany>, { workspace }: HandlerContext) {
    return this.deletions.execute(workspace, projectId, ids);
  }
}
