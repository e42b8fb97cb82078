import { Injectable } from '@nestjs/common';
import { embedContents, type JobPayload, type JobResult } from '@pentaprism/contracts';
import type { JobDocument, JobEffect } from '@pentaprism/jobs';
import type { ClientSession } from 'mongoose';
import { EmbeddingRepository } from './embedding.repository.js';

type Result = JobResult<typeof embedContents>;

/** Writes down what a worker computed. */
@Injectable()
export class EmbedContentEffect implements JobEffect<typeof embedContents> {
  readonly type = embedContents;

  constructor(private readonly embeddings: EmbeddingRepository) {}

  async completed(job: JobDocument, { backbone, embeddings }: Result, session: ClientSession): Promise<void> {
    const { workspace, hashes } = job.payload as JobPayload<typeof embedContents>;
    await this.embeddings.record(workspace, backbone, embeddings, session);
    const embedded = new Set(embeddings.map(({ sha256 }) => sha256));
    const without = hashes.filter((sha256) => !embedded.has(sha256));
    await this.embeddings.recordNone(workspace, without, session);
  }

  /** A training that needs them tries once more by itself. */
  async ended(job: JobDocument, session: ClientSession): Promise<void> {
    const { workspace, hashes } = job.payload as JobPayload<typeof embedContents>;
    await this.embeddings.recordNone(workspace, hashes, session);
  }
}
