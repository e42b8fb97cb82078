import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { contentContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { AnalyseContents } from './analyse-contents.usecase.js';

@Controller()
export class ContentsController {
  constructor(private readonly analyseContents: AnalyseContents) {}

  @RpcHandler(contracts.analyse)
  analyse({ contents }: ParsedRequestOf<typeof contracts.analyse>, { workspace }: HandlerContext) {
    return this.analyseContents.execute(workspace, contents);
  }

  @RpcHandler(contracts.discard)
  async discard({ contents }: ParsedRequestOf<typeof contracts.discard>, { workspace }: HandlerContext) {
    await this.analyseContents.discard(workspace, contents);
    return {};
  }
}
