import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { pushedLogContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { PushLogs } from './push-logs.usecase.js';

type Requests = { [Name in keyof typeof contracts]: ParsedRequestOf<(typeof contracts)[Name]> };

/** Handles the calls of clients that push event files. */
@Controller()
export class PushedLogsController {
  constructor(private readonly logs: PushLogs) {}

  @RpcHandler(contracts.offset)
  offset(request: Requests['offset'], { workspace }: HandlerContext) {
    return this.logs.offset(workspace, request);
  }

  @RpcHandler(contracts.append)
  append(request: Requests['append'], { workspace }: HandlerContext) {
    return this.logs.append(workspace, request);
  }

  @RpcHandler(contracts.deleteRun)
  async deleteRun({ run }: Requests['deleteRun'], { workspace }: HandlerContext) {
    await this.logs.deleteRun(workspace, run);
    return {};
  }
}
