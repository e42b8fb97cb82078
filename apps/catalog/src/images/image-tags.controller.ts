import { Controller } from '@nestjs/common';
import { FactHandler, RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { imageContracts as contracts, tagChanged, type FactData, type ParsedRequestOf } from '@pentaprism/contracts';
import { ApplyTag } from './apply-tag.usecase.js';
import { SetImageTags } from './set-image-tags.usecase.js';

@Controller()
export class ImageTagsController {
  constructor(
    private readonly setImageTags: SetImageTags,
    private readonly apply: ApplyTag,
  ) {}

  @RpcHandler(contracts.setTags)
  setTags({ id, tags }: ParsedRequestOf<typeof contracts.setTags>, { workspace }: HandlerContext) {
    return this.setImageTags.execute(workspace, id, tags);
  }

  @RpcHandler(contracts.reserveNegativeTag)
  async reserveNegativeTag(tag: ParsedRequestOf<typeof contracts.reserveNegativeTag>, { workspace }: HandlerContext) {
    await this.apply.reserveNegative(workspace, tag);
    return {};
  }

  @RpcHandler(contracts.applyTag)
  async applyTag(change: ParsedRequestOf<typeof contracts.applyTag>, { workspace }: HandlerContext) {
    await this.apply.execute(workspace, change);
    return {};
  }

  @FactHandler(tagChanged)
  tagChanged(change: FactData<typeof tagChanged>, { workspace }: HandlerContext) {
    return this.apply.execute(workspace, change);
  }
}
