import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { similarImageContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { FindNearDuplicates } from './find-near-duplicates.usecase.js';
import { FindSimilarImages } from './find-similar-images.usecase.js';

type Requests = { [Name in keyof typeof contracts]: ParsedRequestOf<(typeof contracts)[Name]> };

@Controller()
export class SimilarImagesController {
  constructor(
    private readonly duplicates: FindNearDuplicates,
    private readonly similarImages: FindSimilarImages,
  ) {}

  @RpcHandler(contracts.nearDuplicates)
  nearDuplicates(request: Requests['nearDuplicates'], { workspace }: HandlerContext) {
    return this.duplicates.execute(workspace, request);
  }

  @RpcHandler(contracts.similar)
  similar(request: Requests['similar'], { workspace }: HandlerContext) {
    return this.similarImages.toImage(workspace, request);
  }

  @RpcHandler(contracts.similarToUpload)
  similarToUpload(request: Requests['similarToUpload'], { workspace }: HandlerContext) {
    return this.similarImages.toUpload(workspace, request);
  }
}
