import { Controller } from '@nestjs/common';
import { FactHandler, type HandlerContext } from '@pentaprism/bus';
import { projectDeleted, type FactData } from '@pentaprism/contracts';
import { ForgetProject } from '../usecases/forget-project.usecase.js';

@Controller()
export class FactsController {
  constructor(private readonly forgetProject: ForgetProject) {}

  @FactHandler(projectDeleted)
  projectDeleted(data: FactData<typeof projectDeleted>, { workspace }: HandlerContext) {
    return this.forgetProject.execute(workspace, data);
  }
}
