import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { radiographContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { AddRadiograph } from './add-radiograph.usecase.js';
import { DeleteRadiographs } from './delete-radiographs.usecase.js';
import { FindRadiographs } from './find-radiographs.usecase.js';

@Controller()
export class RadiographsController {
  constructor(
    private readonly addRadiograph: AddRadiograph,
    private readonly findRadiographs: FindRadiographs,
    private readonly deleteRadiographs: DeleteRadiographs,
  ) {}

  @RpcHandler(contracts.create)
  create(request: ParsedRequestOf<typeof contracts.create>, context: HandlerContext) {
    return this.addRadiograph.execute(context, request);
  }

  @RpcHandler(contracts.get)
  get({ key }: ParsedRequestOf<typeof contracts.get>, { workspace }: HandlerContext) {
    return this.findRadiographs.get(workspace, key);
  }

  @RpcHandler(contracts.delete)
  async delete({ key }: ParsedRequestOf<typeof contracts.delete>, { workspace }: HandlerContext) {
    await this.deleteRadiographs.delete(workspace, key);
    return {};
  }

  @RpcHandler(contracts.listSessions)
  listSessions(page: ParsedRequestOf<typeof contracts.listSessions>) {
    return this.findRadiographs.listSessions(page);
  }

  @RpcHandler(contracts.endSession)
  endSession({ sessionId }: ParsedRequestOf<typeof contracts.endSession>, { workspace }: HandlerContext) {
    return this.deleteRadiographs.endSession(workspace, sessionId);
  }
}
