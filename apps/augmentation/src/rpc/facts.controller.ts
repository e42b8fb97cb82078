import { Controller } from '@nestjs/common';
import { FactHandler, type HandlerContext } from '@pentaprism/bus';
import { imageDeleted, projectDeleted, type FactData } from '@pentaprism/contracts';
import { ForgetImage } from '../usecases/forget-image.usecase.js';
import { ForgetProject } from '../usecases/forget-project.usecase.js';

@Controller()
export class FactsController {
  constructor(
    private readonly forgetImage: ForgetImage,
    private readonly forgetProject: ForgetProject,
  ) {}

  @FactHandler(imageDeleted)
  imageDeleted(data: FactData<typeof imageDeleted>, { workspace }: HandlerContext) {
    return this.forgetImage.execute(workspace, data);
  }

  @FactHandler(projectDeleted)
  projectDeleted(data: FactData<typeof projectDeleted>, { workspace }: HandlerContext) {
    return this.forgetProject.execute(workspace, data);
  }
}
