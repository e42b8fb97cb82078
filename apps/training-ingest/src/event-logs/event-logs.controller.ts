import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { eventLogContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { QueryEventLogs } from './query-event-logs.usecase.js';

type Requests = { [Name in keyof typeof contracts]: ParsedRequestOf<(typeof contracts)[Name]> };

/** Handles the calls of dialects about event logs. */
@Controller()
export class EventLogsController {
  constructor(private readonly query: QueryEventLogs) {}

  @RpcHandler(contracts.revision)
  revision(_request: Requests['revision'], { workspace }: HandlerContext) {
    return this.query.revision(workspace);
  }

  @RpcHandler(contracts.runs)
  runs(request: Requests['runs'], { workspace }: HandlerContext) {
    return this.query.runs(workspace, request);
  }

  @RpcHandler(contracts.series)
  series(request: Requests['series'], { workspace }: HandlerContext) {
    return this.query.series(workspace, request);
  }

  @RpcHandler(contracts.events)
  events(request: Requests['events'], { workspace }: HandlerContext) {
    return this.query.events(workspace, request);
  }

  @RpcHandler(contracts.event)
  event({ eventId }: Requests['event'], { workspace }: HandlerContext) {
    return this.query.event(workspace, eventId);
  }

  @RpcHandler(contracts.problems)
  problems(request: Requests['problems'], { workspace }: HandlerContext) {
    return this.query.problems(workspace, request);
  }
}
