import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { tagContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { ChangeTag } from '../usecases/change-tag.usecase.js';
import { EnsureTags } from '../usecases/ensure-tags.usecase.js';
import { FindTags } from '../usecases/find-tags.usecase.js';

@Controller()
export class TagsController {
  constructor(
    private readonly ensureTags: EnsureTags,
    private readonly findTags: FindTags,
    private readonly changeTag: ChangeTag,
  ) {}

  @RpcHandler(contracts.ensure)
  ensure(request: ParsedRequestOf<typeof contracts.ensure>, { workspace }: HandlerContext) {
    return this.ensureTags.execute(workspace, request);
  }

  @RpcHandler(contracts.get)
  get(request: ParsedRequestOf<typeof contracts.get>, { workspace }: HandlerContext) {
    return this.findTags.get(workspace, request);
  }

  @RpcHandler(contracts.list)
  list(request: ParsedRequestOf<typeof contracts.list>, { workspace }: HandlerContext) {
    return this.findTags.list(workspace, request);
  }

  @RpcHandler(contracts.rename)
  rename(request: ParsedRequestOf<typeof contracts.rename>, { workspace }: HandlerContext) {
    return this.changeTag.rename(workspace, request);
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
}
