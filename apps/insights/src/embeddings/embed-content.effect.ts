import { Injectable } from '@nestjs/common';
import { embedContents, type JobResult } from '@pentaprism/contracts';
import { JobLedger, type JobDocument, type JobEffect } from '@pentaprism/jobs';
import type { ClientSession } from 'mongoose';
import { EmbeddingRepository } from './embedding.repository.js';

type Result = JobResult<typeof embedContents>;

/** Writes down what a worker computed. */
@Injectable()
export class EmbedContentEffect implements JobEffect<typeof embedContents> {
  readonly type = embedContents;

  constructor(
    private readonly embeddings: EmbeddingRepository,
    private readonly ledger: JobLedger,
  ) {}

  async completed(job: JobDocument, { backbone, embeddings }: Result, session: ClientSession): Promise<void> {
    const { workspace, hashes } = embedContents.payload.parse(job.payload);
    await this.embeddings.record(workspace, backbone, embeddings, session);
    const embedded = new Set(embeddings.map(({ sha256 }) => sha256));
    const without = hashes.filter((sha256) => !embedded.has(sha256));
    await this.embeddings.recordNone(workspace, without, session);
  }

  /**
   * Tries each content in a job of its own, because one of them may have failed all. The reconciler enqueues these jobs. A content that
   * fails alone has no embedding. A training that needs it tries once more by itself.
   */
  async ended(job: JobDocument, session: ClientSession): Promise<void> {
    const { workspace, hashes } = embedContents.payload.parse(job.payload);
    if (hashes.length === 1) return this.embeddings.recordNone(workspace, hashes, session);
    const jobs = hashes.map((sha256) => ({ workspace, payload: { workspace, hashes: [sha256] } }));
    await this.ledger.addAll(embedContents, jobs, session);
  }
}
