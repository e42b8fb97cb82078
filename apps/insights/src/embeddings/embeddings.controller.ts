import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { embeddingContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { EmbeddingRepository } from './embedding.repository.js';

@Controller()
export class EmbeddingsController {
  constructor(private readonly embeddings: EmbeddingRepository) {}

  @RpcHandler(contracts.getMany)
  async getMany({ backbone, hashes }: ParsedRequestOf<typeof contracts.getMany>, { workspace }: HandlerContext) {
    return { embeddings: await this.embeddings.find(workspace, backbone, hashes) };
  }

  @RpcHandler(contracts.record)
  async record({ backbone, embeddings }: ParsedRequestOf<typeof contracts.record>, { workspace }: HandlerContext) {
    await this.embeddings.record(workspace, backbone, embeddings);
    return {};
  }
}
