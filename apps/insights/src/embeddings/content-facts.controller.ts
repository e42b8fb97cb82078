import { Controller } from '@nestjs/common';
import { FactHandler, type HandlerContext } from '@pentaprism/bus';
import { contentRemoved, imageAdded, type FactData } from '@pentaprism/contracts';
import { EmbedContent } from './embed-content.usecase.js';

@Controller()
export class ContentFactsController {
  constructor(private readonly embedContent: EmbedContent) {}

  @FactHandler(imageAdded)
  imageAdded({ sha256 }: FactData<typeof imageAdded>, { workspace }: HandlerContext) {
    return this.embedContent.request(workspace, sha256);
  }

  @FactHandler(contentRemoved)
  contentRemoved({ sha256 }: FactData<typeof contentRemoved>, { workspace }: HandlerContext) {
    return this.embedContent.forget(workspace, sha256);
  }
}
