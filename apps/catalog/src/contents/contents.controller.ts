import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { contentContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { AnalyseContents } from './analyse-contents.usecase.js';
import { ContentRepository } from './content.repository.js';
import { HoldContents } from './hold-contents.usecase.js';

@Controller()
export class ContentsController {
  constructor(
    private readonly analyseContents: AnalyseContents,
    private readonly holdContents: HoldContents,
    private readonly contents: ContentRepository,
  ) {}

  @RpcHandler(contracts.analyse)
  analyse({ contents }: ParsedRequestOf<typeof contracts.analyse>, { workspace }: HandlerContext) {
    return this.analyseContents.execute(workspace, contents);
  }

  @RpcHandler(contracts.discard)
  async discard({ contents }: ParsedRequestOf<typeof contracts.discard>, { workspace }: HandlerContext) {
    await this.analyseContents.discard(workspace, contents);
    return {};
  }

  @RpcHandler(contracts.known)
  known({ hashes }: ParsedRequestOf<typeof contracts.known>, { workspace }: HandlerContext) {
    return this.holdContents.known(workspace, hashes);
  }

  @RpcHandler(contracts.perceptualHashes)
  async perceptualHashes(
    { hashes }: ParsedRequestOf<typeof contracts.perceptualHashes>,
    { workspace }: HandlerContext,
  ) {
    return { contents: await this.contents.perceptualHashes(workspace, hashes) };
  }

  @RpcHandler(contracts.hold)
  hold({ holder, contents }: ParsedRequestOf<typeof contracts.hold>, { workspace }: HandlerContext) {
    return this.holdContents.hold(workspace, holder, contents);
  }

  @RpcHandler(contracts.release)
  release({ holder }: ParsedRequestOf<typeof contracts.release>, { workspace }: HandlerContext) {
    return this.holdContents.release(workspace, holder);
  }
}
