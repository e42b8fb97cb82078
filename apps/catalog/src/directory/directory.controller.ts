import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { counterContracts, jobDirectoryContracts, timeContracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { DatabaseTime } from '@pentaprism/database';
import { JobLedger } from '@pentaprism/jobs';
import { CounterRepository } from './counter.repository.js';
import { FindJobs } from './find-jobs.usecase.js';

@Controller()
export class DirectoryController {
  constructor(
    private readonly jobs: FindJobs,
    private readonly counters: CounterRepository,
    private readonly ledger: JobLedger,
    private readonly databaseTime: DatabaseTime,
  ) {}

  @RpcHandler(jobDirectoryContracts.get)
  getJob(key: ParsedRequestOf<typeof jobDirectoryContracts.get>, { workspace }: HandlerContext) {
    return this.jobs.get(workspace, key);
  }

  @RpcHandler(jobDirectoryContracts.list)
  listJobs(request: ParsedRequestOf<typeof jobDirectoryContracts.list>, { workspace }: HandlerContext) {
    return this.jobs.list(workspace, request);
  }

  @RpcHandler(jobDirectoryContracts.pending)
  async pending({ queue }: ParsedRequestOf<typeof jobDirectoryContracts.pending>, { workspace }: HandlerContext) {
    return { pending: await this.ledger.isPending(workspace, queue) };
  }

  @RpcHandler(timeContracts.get)
  async time() {
    return { now: await this.databaseTime.read() };
  }

  @RpcHandler(counterContracts.next)
  async nextNumber({ sequence, count }: ParsedRequestOf<typeof counterContracts.next>, { workspace }: HandlerContext) {
    return { first: await this.counters.next(workspace, sequence, count) };
  }
}
