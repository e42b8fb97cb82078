import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { modelingContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { CreateProject } from './create-project.usecase.js';
import { FillProject } from './fill-project.usecase.js';
import { ListProjectImages } from './list-project-images.usecase.js';
import { ManageModelings } from './manage-modelings.usecase.js';

type Requests = { [Name in keyof typeof contracts]: ParsedRequestOf<(typeof contracts)[Name]> };

@Controller()
export class ModelingsController {
  constructor(
    private readonly creation: CreateProject,
    private readonly filling: FillProject,
    private readonly modelings: ManageModelings,
    private readonly lists: ListProjectImages,
  ) {}

  @RpcHandler(contracts.create)
  create(request: Requests['create'], { workspace, actor }: HandlerContext) {
    return this.creation.execute(workspace, actor, request);
  }

  @RpcHandler(contracts.describe)
  describe(request: Requests['describe'], { workspace }: HandlerContext) {
    return this.modelings.describe(workspace, request);
  }

  @RpcHandler(contracts.update)
  update(request: Requests['update'], { workspace }: HandlerContext) {
    return this.modelings.update(workspace, request);
  }

  @RpcHandler(contracts.ofDataset)
  ofDataset(request: Requests['ofDataset'], { workspace }: HandlerContext) {
    return this.modelings.ofDataset(workspace, request);
  }

  @RpcHandler(contracts.columns)
  columns(request: Requests['columns'], { workspace }: HandlerContext) {
    return this.modelings.columns(workspace, request);
  }

  @RpcHandler(contracts.findings)
  findings(request: Requests['findings'], { workspace }: HandlerContext) {
    return this.modelings.findings(workspace, request);
  }

  @RpcHandler(contracts.images)
  images(request: Requests['images'], { workspace }: HandlerContext) {
    return this.lists.images(workspace, request);
  }

  @RpcHandler(contracts.duplicates)
  duplicates(request: Requests['duplicates'], { workspace }: HandlerContext) {
    return this.lists.duplicates(workspace, request);
  }

  @RpcHandler(contracts.contents)
  contents(request: Requests['contents'], { workspace }: HandlerContext) {
    return this.lists.contents(workspace, request);
  }

  @RpcHandler(contracts.image)
  image(request: Requests['image'], { workspace }: HandlerContext) {
    return this.lists.image(workspace, request);
  }

  @RpcHandler(contracts.open)
  open({ projectId, imported }: Requests['open'], { workspace }: HandlerContext) {
    return this.filling.open(workspace, projectId, imported);
  }

  @RpcHandler(contracts.addImages)
  addImages({ projectId }: Requests['addImages'], { workspace }: HandlerContext) {
    return this.filling.addImages(workspace, projectId);
  }
}
