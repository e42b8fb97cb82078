import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { datasetContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { CreateDataset } from './create-dataset.usecase.js';
import { ManageDatasets } from './manage-datasets.usecase.js';

type Requests = { [Name in keyof typeof contracts]: ParsedRequestOf<(typeof contracts)[Name]> };

/** Handles the calls of dialects about datasets. */
@Controller()
export class DatasetsController {
  constructor(
    private readonly creation: CreateDataset,
    private readonly datasets: ManageDatasets,
  ) {}

  @RpcHandler(contracts.create)
  create(request: Requests['create'], { workspace, actor }: HandlerContext) {
    return this.creation.execute(workspace, actor, request);
  }

  @RpcHandler(contracts.get)
  get({ datasetId }: Requests['get'], { workspace }: HandlerContext) {
    return this.datasets.get(workspace, datasetId);
  }

  @RpcHandler(contracts.list)
  list(request: Requests['list'], { workspace }: HandlerContext) {
    return this.datasets.list(workspace, request);
  }

  @RpcHandler(contracts.update)
  update(request: Requests['update'], { workspace }: HandlerContext) {
    return this.datasets.update(workspace, request);
  }

  @RpcHandler(contracts.delete)
  async delete({ datasetId }: Requests['delete'], { workspace }: HandlerContext) {
    await this.datasets.delete(workspace, datasetId);
    return {};
  }

  @RpcHandler(contracts.columns)
  columns(request: Requests['columns'], { workspace }: HandlerContext) {
    return this.datasets.columns(workspace, request);
  }

  @RpcHandler(contracts.findings)
  findings(request: Requests['findings'], { workspace }: HandlerContext) {
    return this.datasets.findings(workspace, request);
  }
}
