import { Controller } from '@nestjs/common';
import { FactHandler, RpcHandler, type HandlerContext } from '@pentaprism/bus';
import {
  imageInsightContracts as contracts,
  candidateDeleted,
  projectDeleted,
  type FactData,
  type ParsedRequestOf,
} from '@pentaprism/contracts';
import { ComputeInsight } from './compute-insight.usecase.js';
import { FindInsights } from './find-insights.usecase.js';
import { RecordOverlays } from './record-overlays.usecase.js';
import { RemoveInsights } from './remove-insights.usecase.js';

type Requests = { [Name in keyof typeof contracts]: ParsedRequestOf<(typeof contracts)[Name]> };

@Controller()
export class ImageInsightsController {
  constructor(
    private readonly computeInsight: ComputeInsight,
    private readonly findInsights: FindInsights,
    private readonly recordOverlays: RecordOverlays,
    private readonly removeInsights: RemoveInsights,
  ) {}

  @RpcHandler(contracts.compute)
  compute(request: Requests['compute'], { workspace }: HandlerContext) {
    return this.computeInsight.execute(workspace, request);
  }

  @RpcHandler(contracts.computed)
  computed(request: Requests['computed'], { workspace }: HandlerContext) {
    return this.findInsights.computed(workspace, request);
  }

  @RpcHandler(contracts.get)
  get(request: Requests['get'], { workspace }: HandlerContext) {
    return this.findInsights.get(workspace, request);
  }

  @RpcHandler(contracts.positions)
  positions(request: Requests['positions'], { workspace }: HandlerContext) {
    return this.findInsights.positions(workspace, request);
  }

  @RpcHandler(contracts.overlay)
  overlay(request: Requests['overlay'], { workspace }: HandlerContext) {
    return this.findInsights.overlay(workspace, request);
  }

  @RpcHandler(contracts.recordOverlays)
  record(request: Requests['recordOverlays'], { workspace }: HandlerContext) {
    return this.recordOverlays.record(workspace, request);
  }

  @RpcHandler(contracts.recordedOverlays)
  recorded(request: Requests['recordedOverlays'], { workspace }: HandlerContext) {
    return this.recordOverlays.recorded(workspace, request);
  }

  @FactHandler(candidateDeleted)
  candidateDeleted({ candidateId }: FactData<typeof candidateDeleted>, { workspace }: HandlerContext) {
    return this.removeInsights.ofCandidate(workspace, candidateId);
  }

  @FactHandler(projectDeleted)
  projectDeleted({ projectId }: FactData<typeof projectDeleted>, { workspace }: HandlerContext) {
    return this.removeInsights.ofProject(workspace, projectId);
  }
}
