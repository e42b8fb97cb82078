import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { radiographIngestContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { AddRadiograph } from './add-radiograph.usecase.js';
import { GetRadiograph } from './get-radiograph.usecase.js';

@Controller()
export class RadiographsController {
  constructor(
    private readonly addRadiograph: AddRadiograph,
    private readonly getRadiograph: GetRadiograph,
  ) {}

  @RpcHandler(contracts.add)
  add({ content, info }: ParsedRequestOf<typeof contracts.add>) {
    return this.addRadiograph.add(content, info);
  }

  @RpcHandler(contracts.addFromModality)
  addFromModality(image: ParsedRequestOf<typeof contracts.addFromModality>, { workspace }: HandlerContext) {
    return this.addRadiograph.addFromModality(workspace, image);
  }

  @RpcHandler(contracts.get)
  get({ key }: ParsedRequestOf<typeof contracts.get>, { workspace }: HandlerContext) {
    return this.getRadiograph.get(workspace, key);
  }
}
