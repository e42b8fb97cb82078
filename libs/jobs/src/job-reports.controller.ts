import { Controller, type Type } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import {
  jobReportContracts,
  type JobOwner,
  type JobReports as Contracts,
  type ParsedRequestOf,
} from '@pentaprism/contracts';
import { JobReports } from './job-reports.js';

/** The handlers of an owner's job contracts: one class per owner, since a contract's subject names its owner. */
export function createJobReportsController(owner: JobOwner): Type {
  const contracts = jobReportContracts[owner];

  @Controller()
  class JobReportsController {
    constructor(private readonly reports: JobReports) {}

    @RpcHandler(contracts.start)
    start(request: ParsedRequestOf<Contracts['start']>) {
      return this.reports.start(request);
    }

    @RpcHandler(contracts.progress)
    progress(request: ParsedRequestOf<Contracts['progress']>) {
      return this.reports.progress(request);
    }

    @RpcHandler(contracts.checkpoint)
    checkpoint(request: ParsedRequestOf<Contracts['checkpoint']>) {
      return this.reports.checkpoint(request);
    }

    @RpcHandler(contracts.complete)
    complete(request: ParsedRequestOf<Contracts['complete']>) {
      return this.reports.complete(request);
    }

    @RpcHandler(contracts.fail)
    fail(request: ParsedRequestOf<Contracts['fail']>) {
      return this.reports.fail(request);
    }

    @RpcHandler(contracts.giveBack)
    giveBack(request: ParsedRequestOf<Contracts['giveBack']>) {
      return this.reports.giveBack(request);
    }

    @RpcHandler(contracts.abort)
    abort(request: ParsedRequestOf<Contracts['abort']>, { workspace }: HandlerContext) {
      return this.reports.abort(request, workspace);
    }
  }
  return JobReportsController;
}
