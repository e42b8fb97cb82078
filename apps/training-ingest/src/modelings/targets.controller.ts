import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { targetContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { ListTargetImages } from './list-target-images.usecase.js';
import { RecordSnapshot } from './record-snapshot.usecase.js';
import { RecordTarget } from './record-target.usecase.js';
import { SetTarget } from './set-target.usecase.js';

type Requests = { [Name in keyof typeof contracts]: ParsedRequestOf<(typeof contracts)[Name]> };

@Controller()
export class TargetsController {
  constructor(
    private readonly setting: SetTarget,
    private readonly recording: RecordTarget,
    private readonly snapshots: RecordSnapshot,
    private readonly lists: ListTargetImages,
  ) {}

  @RpcHandler(contracts.set)
  set(request: Requests['set'], { workspace, actor }: HandlerContext) {
    return this.setting.execute(workspace, actor, request);
  }

  @RpcHandler(contracts.images)
  images(request: Requests['images'], { workspace }: HandlerContext) {
    return this.lists.images(workspace, request);
  }

  @RpcHandler(contracts.ofImage)
  ofImage(request: Requests['ofImage'], { workspace }: HandlerContext) {
    return this.lists.ofImage(workspace, request);
  }

  @RpcHandler(contracts.bins)
  bins(request: Requests['bins'], { workspace }: HandlerContext) {
    return this.lists.bins(workspace, request);
  }

  @RpcHandler(contracts.begin)
  async begin(request: Requests['begin'], { workspace }: HandlerContext) {
    await this.snapshots.complete(workspace, request);
    return this.recording.begin(workspace, request);
  }

  @RpcHandler(contracts.recordRows)
  async recordRows(request: Requests['recordRows'], { workspace }: HandlerContext) {
    await this.snapshots.recordRows(workspace, request);
    return {};
  }

  @RpcHandler(contracts.clear)
  clear(request: Requests['clear'], { workspace }: HandlerContext) {
    return this.recording.clear(workspace, request);
  }

  @RpcHandler(contracts.rowImages)
  rowImages(request: Requests['rowImages'], { workspace }: HandlerContext) {
    return this.recording.rowImages(workspace, request);
  }

  @RpcHandler(contracts.recordImages)
  async recordImages(request: Requests['recordImages'], { workspace }: HandlerContext) {
    await this.recording.recordImages(workspace, request);
    return {};
  }

  @RpcHandler(contracts.recordBins)
  async recordBins(request: Requests['recordBins'], { workspace }: HandlerContext) {
    await this.recording.recordBins(workspace, request);
    return {};
  }

  @RpcHandler(contracts.recordFindings)
  async recordFindings(request: Requests['recordFindings'], { workspace }: HandlerContext) {
    await this.recording.recordFindings(workspace, request);
    return {};
  }

  @RpcHandler(contracts.finish)
  async finish(request: Requests['finish'], { workspace }: HandlerContext) {
    await this.recording.finish(workspace, request);
    return {};
  }

  @RpcHandler(contracts.tagImages)
  async tagImages(request: Requests['tagImages'], { workspace }: HandlerContext) {
    await this.recording.tagImages(workspace, request);
    return {};
  }
}
