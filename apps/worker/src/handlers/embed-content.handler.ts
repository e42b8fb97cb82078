import { Injectable } from '@nestjs/common';
import { embedContent, type JobPayload, type JobResult } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import type { JobControl, JobHandler } from '@pentaprism/jobs';
import { Embedder } from '../inference/embedder.js';
import { UploadsFirst } from './uploads-first.js';

type Payload = JobPayload<typeof embedContent>;
type Result = JobResult<typeof embedContent>;

/** Computes embeddings when no upload waits to be analysed, because no client waits for them. */
@Injectable()
export class EmbedContentHandler implements JobHandler<typeof embedContent> {
  readonly type = embedContent;

  constructor(
    private readonly embedder: Embedder,
    private readonly uploads: UploadsFirst,
  ) {}

  async run({ workspace, sha256 }: Payload, { signal }: JobControl): Promise<Result> {
    await this.uploads.wait(workspace, signal);
    try {
      return {
        state: 'embedded',
        ...(await this.embedder.embed({ area: 'originals', workspace, sha256 }, { signal })),
      };
    } catch (error) {
      if (DomainError.is(error, 'UNDECODABLE_IMAGE') || DomainError.is(error, 'NOT_FOUND'))
        return { state: 'none', reason: error.message };
      throw error;
    }
  }
}
