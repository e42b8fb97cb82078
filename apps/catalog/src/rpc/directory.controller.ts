import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { counterContracts, jobDirectoryContracts, projectContracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { CounterRepository } from '../adapters/mongo/counter.repository.js';
import { FindJobs } from '../usecases/find-jobs.usecase.js';
import { FindProjects } from '../usecases/find-projects.usecase.js';

@Controller()
export class DirectoryController {
  constructor(
    private readonly projects: FindProjects,
    private readonly jobs: FindJobs,
    private readonly counters: CounterRepository,
  ) {}

  @RpcHandler(projectContracts.list)
  listProjects(request: ParsedRequestOf<typeof projectContracts.list>, { workspace }: HandlerContext) {
    return this.projects.list(workspace, request);
  }

  @RpcHandler(projectContracts.resolve)
  resolveProject({ id }: ParsedRequestOf<typeof projectContracts.resolve>, { workspace }: HandlerContext) {
    return this.projects.resolve(workspace, id);
  }

  @RpcHandler(projectContracts.get)
  getProject({ id }: ParsedRequestOf<typeof projectContracts.get>, { workspace }: HandlerContext) {
    return this.projects.get(workspace, id);
  }

  @RpcHandler(jobDirectoryContracts.get)
  getJob(key: ParsedRequestOf<typeof jobDirectoryContracts.get>, { workspace }: HandlerContext) {
    return this.jobs.get(workspace, key);
  }

  @RpcHandler(counterContracts.next)
  async nextNumber({ sequence, count }: ParsedRequestOf<typeof counterContracts.next>, { workspace }: HandlerContext) {
    return { first: await this.counters.next(workspace, sequence, count) };
  }
}
