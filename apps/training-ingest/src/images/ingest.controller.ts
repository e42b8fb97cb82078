import { Controller } from '@nestjs/common';
import { RpcHandler } from '@pentaprism/bus';
import { ingestContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { ReceiveImage } from './receive-image.usecase.js';

@Controller()
export class IngestController {
  constructor(private readonly receiveImage: ReceiveImage) {}

  @RpcHandler(contracts.addImage)
  addImage(request: ParsedRequestOf<typeof contracts.addImage>) {
    return this.receiveImage.add(request);
  }

  @RpcHandler(contracts.receiveFile)
  receiveFile({ imageId, content }: ParsedRequestOf<typeof contracts.receiveFile>) {
    return this.receiveImage.attach(imageId, content);
  }

  @RpcHandler(contracts.setTags)
  setTags({ image, tagNames }: ParsedRequestOf<typeof contracts.setTags>) {
    return this.receiveImage.setTags(image, tagNames);
  }
}
