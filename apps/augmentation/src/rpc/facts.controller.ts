import { Controller } from '@nestjs/common';
import { FactHandler, type HandlerContext } from '@pentaprism/bus';
import { imageDeleted, type FactData } from '@pentaprism/contracts';
import { ForgetImage } from '../usecases/forget-image.usecase.js';

@Controller()
export class FactsController {
  constructor(private readonly forgetImage: ForgetImage) {}

  @FactHandler(imageDeleted)
  imageDeleted(data: FactData<typeof imageDeleted>, { workspace }: HandlerContext) {
    return this.forgetImage.execute(workspace, data);
  }
}
