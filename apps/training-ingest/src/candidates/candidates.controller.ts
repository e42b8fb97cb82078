import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { candidateContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { ManageCandidates } from './manage-candidates.usecase.js';
import { TrainCandidates } from './train-candidates.usecase.js';

type Requests = { [Name in keyof typeof contracts]: ParsedRequestOf<(typeof contracts)[Name]> };

@Controller()
export class CandidatesController {
  constructor(
    private readonly training: TrainCandidates,
    private readonly candidates: ManageCandidates,
  ) {}

  @RpcHandler(contracts.train)
  train({ projectId, blueprintId }: Requests['train'], { workspace }: HandlerContext) {
    return this.training.train(workspace, projectId, blueprintId);
  }

  @RpcHandler(contracts.trainAll)
  trainAll({ projectId }: Requests['trainAll'], { workspace }: HandlerContext) {
    return this.training.trainAll(workspace, projectId);
  }

  @RpcHandler(contracts.list)
  list(request: Requests['list'], { workspace }: HandlerContext) {
    return this.candidates.list(workspace, request);
  }

  @RpcHandler(contracts.get)
  get(request: Requests['get'], { workspace }: HandlerContext) {
    return this.candidates.get(workspace, request);
  }

  @RpcHandler(contracts.delete)
  async delete(request: Requests['delete'], { workspace }: HandlerContext) {
    await this.candidates.delete(workspace, request);
    return {};
  }

  @RpcHandler(contracts.blueprints)
  async blueprints({ projectId }: Requests['blueprints'], { workspace }: HandlerContext) {
    return { blueprints: await this.training.blueprints(workspace, projectId) };
  }

  @RpcHandler(contracts.plan)
  plan(request: Requests['plan'], { workspace }: HandlerContext) {
    return this.candidates.plan(workspace, request);
  }

  @RpcHandler(contracts.images)
  images(request: Requests['images'], { workspace }: HandlerContext) {
    return this.candidates.imagesOf(workspace, request);
  }
}
