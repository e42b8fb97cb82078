import { Injectable } from '@nestjs/common';
import { embedContent, type JobPayload, type JobResult } from '@pentaprism/contracts';
import type { JobDocument, JobEffect } from '@pentaprism/jobs';
import type { ClientSession } from 'mongoose';
import { EmbeddingRepository } from './embedding.repository.js';

type Result = JobResult<typeof embedContent>;

/** Writes down what a worker computed. */
@Injectable()
export class EmbedContentEffect implements JobEffect<typeof embedContent> {
  readonly type = embedContent;

  constructor(private readonly embeddings: EmbeddingRepository) {}

  async completed(job: JobDocument, result: Result, session: ClientSession): Promise<void> {
    const { workspace, sha256 } = job.payload as JobPayload<typeof embedContent>;
    if (result.state === 'none') return this.embeddings.recordNone(workspace, sha256, session);
    const { backbone, vector } = result;
    await this.embeddings.record(workspace, backbone, [{ sha256, vector }], session);
  }

  /** A training that needs it tries once more by itself. */
  async ended(job: JobDocument, session: ClientSession): Promise<void> {
    const { workspace, sha256 } = job.payload as JobPayload<typeof embedContent>;
    await this.embeddings.recordNone(workspace, sha256, session);
  }
}
