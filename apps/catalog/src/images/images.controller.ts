import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { imageContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { AddImage } from './add-image.usecase.js';
import { DeleteImage } from './delete-image.usecase.js';
import { FindImages } from './find-images.usecase.js';
import { ListDecodedImages } from './list-decoded-images.usecase.js';
import { ListImages } from './list-images.usecase.js';

@Controller()
export class ImagesController {
  constructor(
    private readonly addImage: AddImage,
    private readonly deleteImage: DeleteImage,
    private readonly findImages: FindImages,
    private readonly listDecodedImages: ListDecodedImages,
    private readonly listImages: ListImages,
  ) {}

  @RpcHandler(contracts.create)
  create(request: ParsedRequestOf<typeof contracts.create>, context: HandlerContext) {
    return this.addImage.create(context, request);
  }

  @RpcHandler(contracts.attach)
  attach({ id, content, ifUploadedAt }: ParsedRequestOf<typeof contracts.attach>, { workspace }: HandlerContext) {
    return this.addImage.attach(workspace, id, content, ifUploadedAt);
  }

  @RpcHandler(contracts.get)
  get(key: ParsedRequestOf<typeof contracts.get>, { workspace }: HandlerContext) {
    return this.findImages.get(workspace, key);
  }

  @RpcHandler(contracts.getContents)
  getContents({ ids }: ParsedRequestOf<typeof contracts.getContents>, { workspace }: HandlerContext) {
    return this.findImages.getContents(workspace, ids);
  }

  @RpcHandler(contracts.list)
  list(query: ParsedRequestOf<typeof contracts.list>, { workspace }: HandlerContext) {
    return this.listImages.execute(workspace, query);
  }

  @RpcHandler(contracts.listDecoded)
  listDecoded(request: ParsedRequestOf<typeof contracts.listDecoded>, { workspace }: HandlerContext) {
    return this.listDecodedImages.execute(workspace, request);
  }

  @RpcHandler(contracts.delete)
  delete(key: ParsedRequestOf<typeof contracts.delete>, { workspace }: HandlerContext) {
    return this.deleteImage.execute(workspace, key);
  }

  @RpcHandler(contracts.getPicture)
  getPicture({ projectId, id }: ParsedRequestOf<typeof contracts.getPicture>, { workspace }: HandlerContext) {
    return this.findImages.getPicture(workspace, projectId, id);
  }

  @RpcHandler(contracts.choosePictures)
  choosePictures(request: ParsedRequestOf<typeof contracts.choosePictures>, { workspace }: HandlerContext) {
    return this.findImages.choosePictures(workspace, request);
  }
}
