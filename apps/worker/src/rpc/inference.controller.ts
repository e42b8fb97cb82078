import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { inferenceContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { Embedder } from '../inference/embedder.js';

/** Questions that one worker takes at a time: more would wait for longer than their clients. */
export const MAX_WAITING_QUESTIONS = 64;

@Controller()
export class InferenceController {
  private waiting = 0;

  constructor(private readonly embedder: Embedder) {}

  @RpcHandler(contracts.backbone)
  async backbone() {
    return { backbone: await this.embedder.backboneId() };
  }

  @RpcHandler(contracts.embed)
  async embed({ content, area }: ParsedRequestOf<typeof contracts.embed>, { workspace }: HandlerContext) {
    if (this.waiting >= MAX_WAITING_QUESTIONS)
      throw new DomainError('RATE_LIMITED', 'The worker has too many pictures to look at.', {
        limit: MAX_WAITING_QUESTIONS,
      });
    this.waiting++;
    try {
      return await this.embedder.embed({ area, workspace, sha256: content.sha256 }, { prompt: true });
    } finally {
      this.waiting--;
    }
  }
}
