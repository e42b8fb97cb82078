import { Injectable } from '@nestjs/common';
import { embedContents, type JobPayload, type JobResult } from '@pentaprism/contracts';
import type { JobControl, JobHandler } from '@pentaprism/jobs';
import { Embedder } from '../inference/embedder.js';
import { Embeddings } from '../inference/embeddings.js';
import { UploadsFirst } from './uploads-first.js';

/** Computes embeddings when no upload waits to be analysed, because no client waits for them. */
@Injectable()
export class EmbedContentHandler implements JobHandler<typeof embedContents> {
  readonly type = embedContents;

  constructor(
    private readonly embedder: Embedder,
    private readonly embeddings: Embeddings,
    private readonly uploads: UploadsFirst,
  ) {}

  async run(
    { workspace, hashes }: JobPayload<typeof embedContents>,
    { signal }: JobControl,
  ): Promise<JobResult<typeof embedContents>> {
    await this.uploads.wait(workspace, signal);
    const backbone = await this.embedder.backboneId();
    return { backbone, embeddings: await this.embeddings.compute(workspace, [...new Set(hashes)], signal) };
  }
}
