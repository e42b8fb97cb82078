import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { trainingIngestContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { AddTrainingImages } from './add-training-images.usecase.js';
import { DeleteProject } from '../projects/delete-project.usecase.js';

@Controller()
export class TrainingImagesController {
  constructor(
    private readonly addTrainingImages: AddTrainingImages,
    private readonly deleteProjects: DeleteProject,
  ) {}

  @RpcHandler(contracts.addImages)
  addImages(request: ParsedRequestOf<typeof contracts.addImages>, { workspace }: HandlerContext) {
    return this.addTrainingImages.execute(workspace, request);
  }

  @RpcHandler(contracts.deleteProject)
  async deleteProject({ projectId }: ParsedRequestOf<typeof contracts.deleteProject>, { workspace }: HandlerContext) {
    await this.deleteProjects.execute(workspace, projectId);
    return {};
  }
}
