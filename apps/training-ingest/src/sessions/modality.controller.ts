import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { modalityContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { ManageModalitySessions } from './manage-modality-sessions.usecase.js';

@Controller()
export class ModalityController {
  constructor(private readonly sessions: ManageModalitySessions) {}

  @RpcHandler(contracts.createSession)
  createSession(_request: ParsedRequestOf<typeof contracts.createSession>, { workspace }: HandlerContext) {
    return this.sessions.create(workspace);
  }

  @RpcHandler(contracts.getSession)
  getSession({ sessionId }: ParsedRequestOf<typeof contracts.getSession>, { workspace }: HandlerContext) {
    return this.sessions.get(workspace, sessionId);
  }

  @RpcHandler(contracts.endSession)
  endSession({ sessionId }: ParsedRequestOf<typeof contracts.endSession>, { workspace }: HandlerContext) {
    return this.sessions.end(workspace, sessionId);
  }

  @RpcHandler(contracts.addImage)
  addImage(request: ParsedRequestOf<typeof contracts.addImage>, { workspace }: HandlerContext) {
    return this.sessions.addImage(workspace, request);
  }

  @RpcHandler(contracts.listImages)
  listImages({ sessionId }: ParsedRequestOf<typeof contracts.listImages>, { workspace }: HandlerContext) {
    return this.sessions.listImages(workspace, sessionId);
  }

  @RpcHandler(contracts.getImage)
  getImage(image: ParsedRequestOf<typeof contracts.getImage>, { workspace }: HandlerContext) {
    return this.sessions.getImage(workspace, image);
  }
}
