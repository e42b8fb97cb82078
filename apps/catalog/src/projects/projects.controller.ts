import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { projectContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { ManageProjects } from './manage-projects.usecase.js';

@Controller()
export class ProjectsController {
  constructor(private readonly projects: ManageProjects) {}

  @RpcHandler(contracts.list)
  list(request: ParsedRequestOf<typeof contracts.list>, { workspace }: HandlerContext) {
    return this.projects.list(workspace, request);
  }

  @RpcHandler(contracts.resolve)
  resolve({ id }: ParsedRequestOf<typeof contracts.resolve>, { workspace }: HandlerContext) {
    return this.projects.resolve(workspace, id);
  }

  @RpcHandler(contracts.get)
  get({ id }: ParsedRequestOf<typeof contracts.get>, { workspace }: HandlerContext) {
    return this.projects.get(workspace, id);
  }

  @RpcHandler(contracts.create)
  create(request: ParsedRequestOf<typeof contracts.create>, { workspace }: HandlerContext) {
    return this.projects.create(workspace, request);
  }

  @RpcHandler(contracts.update)
  update({ id, ...changes }: ParsedRequestOf<typeof contracts.update>, { workspace }: HandlerContext) {
    return this.projects.update(workspace, id, changes);
  }

  @RpcHandler(contracts.delete)
  async delete({ id }: ParsedRequestOf<typeof contracts.delete>, { workspace }: HandlerContext) {
    await this.projects.delete(workspace, id);
    return {};
  }
}
