import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { datasetContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { FetchAddresses } from './fetch-addresses.usecase.js';
import { ManageDatasets } from './manage-datasets.usecase.js';
import { RecordImport } from './record-import.usecase.js';

type Requests = { [Name in keyof typeof contracts]: ParsedRequestOf<(typeof contracts)[Name]> };

/** Handles the calls of workers that import a dataset. */
@Controller()
export class DatasetImportsController {
  constructor(
    private readonly datasets: ManageDatasets,
    private readonly recording: RecordImport,
    private readonly fetching: FetchAddresses,
  ) {}

  @RpcHandler(contracts.importState)
  state({ datasetId }: Requests['importState'], { workspace }: HandlerContext) {
    return this.recording.state(workspace, datasetId);
  }

  @RpcHandler(contracts.fetch)
  fetch({ datasetId }: Requests['fetch'], { workspace }: HandlerContext) {
    return this.fetching.upload(workspace, datasetId);
  }

  @RpcHandler(contracts.fetchImage)
  fetchImage({ datasetId, url }: Requests['fetchImage'], { workspace }: HandlerContext) {
    return this.fetching.image(workspace, datasetId, url);
  }

  @RpcHandler(contracts.recordColumns)
  async recordColumns(request: Requests['recordColumns'], { workspace }: HandlerContext) {
    await this.recording.columns(workspace, request);
    return {};
  }

  @RpcHandler(contracts.recordSurvey)
  async recordSurvey(request: Requests['recordSurvey'], { workspace }: HandlerContext) {
    await this.recording.survey(workspace, request);
    return {};
  }

  @RpcHandler(contracts.recordRows)
  async recordRows(request: Requests['recordRows'], { workspace }: HandlerContext) {
    await this.recording.recordRows(workspace, request);
    return {};
  }

  @RpcHandler(contracts.recordFindings)
  async recordFindings(request: Requests['recordFindings'], { workspace }: HandlerContext) {
    await this.recording.recordFindings(workspace, request);
    return {};
  }

  @RpcHandler(contracts.images)
  images(request: Requests['images'], { workspace }: HandlerContext) {
    return this.datasets.images(workspace, request);
  }
}
