import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { tagContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { EnsureTags } from '../usecases/ensure-tags.usecase.js';

@Controller()
export class TagsController {
  constructor(private readonly ensureTags: EnsureTags) {}

  @RpcHandler(contracts.ensure)
  ensure(request: ParsedRequestOf<typeof contracts.ensure>, { workspace }: HandlerContext) {
    return this.ensureTags.execute(workspace, request);
  }
}
