import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { apiKeyContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { ManageApiKeys } from './manage-api-keys.usecase.js';

@Controller()
export class ApiKeysController {
  constructor(private readonly keys: ManageApiKeys) {}

  @RpcHandler(contracts.verify)
  verify({ credentials }: ParsedRequestOf<typeof contracts.verify>) {
    return this.keys.verify(credentials);
  }

  @RpcHandler(contracts.create)
  create(request: ParsedRequestOf<typeof contracts.create>, context: HandlerContext) {
    return this.keys.create(context, request);
  }

  @RpcHandler(contracts.list)
  list(_request: ParsedRequestOf<typeof contracts.list>, { workspace }: HandlerContext) {
    return this.keys.list(workspace);
  }

  @RpcHandler(contracts.revoke)
  revoke({ id }: ParsedRequestOf<typeof contracts.revoke>, { workspace }: HandlerContext) {
    return this.keys.revoke(workspace, id);
  }
}
