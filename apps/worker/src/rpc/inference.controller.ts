import { Controller } from '@nestjs/common';
import { RpcHandler, type HandlerContext } from '@pentaprism/bus';
import { inferenceContracts as contracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { Embedder } from '../inference/embedder.js';

/** Questions of one workspace that a worker takes at a time: more would wait for longer than their clients. */
export const MAX_WAITING_QUESTIONS = 64;

const tooLate = () => new DomainError('DEADLINE_EXCEEDED', 'The workers have more pictures than fit in the time.');

@Controller()
export class InferenceController {
  private readonly waiting = new Map<string, number>();

  constructor(private readonly embedder: Embedder) {}

  @RpcHandler(contracts.backbone)
  async backbone() {
    return { backbone: await this.embedder.backboneId() };
  }

  @RpcHandler(contracts.embed)
  async embed({ content, area }: ParsedRequestOf<typeof contracts.embed>, context: HandlerContext) {
    const { workspace, deadline } = context;
    const before = this.waiting.get(workspace) ?? 0;
    if (before >= MAX_WAITING_QUESTIONS)
      throw new DomainError('RATE_LIMITED', 'The worker has too many pictures to look at.', {
        limit: MAX_WAITING_QUESTIONS,
      });
    this.waiting.set(workspace, before + 1);
    const giveUp = new AbortController();
    // Without a deadline the caller waits for as long as it takes.
    const timer = deadline && setTimeout(() => giveUp.abort(tooLate()), deadline - performance.now());
    try {
      const options = { prompt: true, signal: giveUp.signal };
      return await this.embedder.embed({ area, workspace, sha256: content.sha256 }, options);
    } finally {
      clearTimeout(timer);
      const left = (this.waiting.get(workspace) ?? 1) - 1;
      if (left > 0) this.waiting.set(workspace, left);
      else this.waiting.delete(workspace);
    }
  }
}
