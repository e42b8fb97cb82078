import { InjectQueue } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import { embedContent, type JobPayload, type JobResult, type QueueName } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import type { JobControl, JobHandler } from '@pentaprism/jobs';
import type { Queue } from 'bullmq';
import { setTimeout as sleep } from 'node:timers/promises';
import { Embedder } from '../inference/embedder.js';

type Payload = JobPayload<typeof embedContent>;
type Result = JobResult<typeof embedContent>;

/** Milliseconds that it waits for uploads to be analysed: under a load that never ends, embeddings come all the same. */
const PATIENCE_MS = 2_000;
const POLL_MS = 250;

/** Computes embeddings when no upload waits to be analysed: nobody waits for them. */
@Injectable()
export class EmbedContentHandler implements JobHandler<typeof embedContent> {
  readonly type = embedContent;

  constructor(
    private readonly embedder: Embedder,
    @InjectQueue('analysis' satisfies QueueName) private readonly analysis: Queue,
  ) {}

  async run({ workspace, sha256 }: Payload, { signal }: JobControl): Promise<Result> {
    await this.untilIdle(signal);
    try {
      return { state: 'embedded', ...(await this.embedder.embed({ area: 'originals', workspace, sha256 })) };
    } catch (error) {
      if (DomainError.is(error, 'UNDECODABLE_IMAGE') || DomainError.is(error, 'NOT_FOUND'))
        return { state: 'none', reason: error.message };
      throw error;
    }
  }

  private async untilIdle(signal: AbortSignal): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    while (Date.now() < until && (await this.analysis.getJobCountByTypes('waiting', 'prioritized', 'active')) > 0)
      await sleep(POLL_MS, undefined, { signal });
  }
}
