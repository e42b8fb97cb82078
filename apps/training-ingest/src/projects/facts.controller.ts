import { Controller } from '@nestjs/common';
import { FactHandler, type HandlerContext } from '@pentaprism/bus';
import { projectDeleted, type FactData } from '@pentaprism/contracts';
import { DeleteProject } from './delete-project.usecase.js';

@Controller()
export class FactsController {
  constructor(private readonly deleteProject: DeleteProject) {}

  @FactHandler(projectDeleted)
  projectDeleted({ projectId }: FactData<typeof projectDeleted>, { workspace }: HandlerContext) {
    return this.deleteProject.forget(workspace, projectId);
  }
}
