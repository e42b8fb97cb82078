import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { tagContracts as contracts, taggingContracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { ChangeTag } from '../usecases/change-tag.usecase.js';
import { CreateTag } from '../usecases/create-tag.usecase.js';
import { EnsureTags } from '../usecases/ensure-tags.usecase.js';
import { FindTags } from '../usecases/find-tags.usecase.js';
import { TagImages } from '../usecases/tag-images.usecase.js';

@Controller()
export class TagsController {
  constructor(
    private readonly ensureTags: EnsureTags,
    private readonly createTag: CreateTag,
    private readonly findTags: FindTags,
    private readonly changeTag: ChangeTag,
    private readonly tagImages: TagImages,
  ) {}

  @RpcHandler(contracts.ensure)
  ensure(request: ParsedRequestOf<typeof contracts.ensure>, { workspace }: HandlerContext) {
    return this.ensureTags.execute(workspace, request);
  }

  @RpcHandler(contracts.create)
  create(request: ParsedRequestOf<typeof contracts.create>, { workspace }: HandlerContext) {
    return this.createTag.execute(workspace, request);
  }

  @RpcHandler(contracts.get)
  get(request: ParsedRequestOf<typeof contracts.get>, { workspace }: HandlerContext) {
    return this.findTags.get(workspace, request);
  }

  @RpcHandler(contracts.getMany)
  getMany(request: ParsedRequestOf<typeof contracts.getMany>, { workspace }: HandlerContext) {
    return this.findTags.getMany(workspace, request);
  }

  @RpcHandler(contracts.list)
  list(request: ParsedRequestOf<typeof contracts.list>, { workspace }: HandlerContext) {
    return this.findTags.list(workspace, request);
  }

  @RpcHandler(contracts.update)
  update(request: ParsedRequestOf<typeof contracts.update>, { workspace }: HandlerContext) {
    return this.changeTag.update(workspace, request);
  }

  @RpcHandler(contracts.rename)
  async rename(request: ParsedRequestOf<typeof contracts.rename>, { workspace }: HandlerContext) {
    const { id, number, name } = await this.changeTag.update(workspace, request);
    return { id, number, name };
  }

  @RpcHandler(contracts.delete)
  async delete(request: ParsedRequestOf<typeof contracts.delete>, { workspace }: HandlerContext) {
    await this.changeTag.delete(workspace, request);
    return {};
  }

  @RpcHandler(contracts.resolve)
  resolve(request: ParsedRequestOf<typeof contracts.resolve>, { workspace }: HandlerContext) {
    return this.findTags.resolve(workspace, request);
  }

  @RpcHandler(taggingContracts.tagImages)
  addTags(request: ParsedRequestOf<typeof taggingContracts.tagImages>, { workspace }: HandlerContext) {
    return this.tagImages.execute(workspace, request);
  }
}
