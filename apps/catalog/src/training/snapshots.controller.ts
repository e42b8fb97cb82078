import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { snapshotContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { ManageSnapshots } from './manage-snapshots.usecase.js';

@Controller()
export class SnapshotsController {
  constructor(private readonly snapshots: ManageSnapshots) {}

  @RpcHandler(contracts.create)
  create({ projectId, snapshotId }: ParsedRequestOf<typeof contracts.create>, { workspace }: HandlerContext) {
    return this.snapshots.create(workspace, projectId, snapshotId);
  }

  @RpcHandler(contracts.revision)
  async revision({ projectId }: ParsedRequestOf<typeof contracts.revision>, { workspace }: HandlerContext) {
    return { revision: await this.snapshots.revision(workspace, projectId) };
  }

  @RpcHandler(contracts.delete)
  async delete({ projectId, snapshotId }: ParsedRequestOf<typeof contracts.delete>, { workspace }: HandlerContext) {
    await this.snapshots.delete(workspace, projectId, snapshotId);
    return {};
  }
}
