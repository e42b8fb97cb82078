import { Injectable } from '@nestjs/common';
import { embedContent } from '@pentaprism/contracts';
import { Transactions } from '@pentaprism/database';
import { JobLedger, JobQueue } from '@pentaprism/jobs';
import { EmbeddingRepository } from './embedding.repository.js';

/** Has the embedding of a content computed when its first image comes, and forgets it when its bytes are gone. */
@Injectable()
export class EmbedContent {
  constructor(
    private readonly embeddings: EmbeddingRepository,
    private readonly transactions: Transactions,
    private readonly ledger: JobLedger,
    private readonly queue: JobQueue,
  ) {}

  async request(workspace: string, sha256: string): Promise<void> {
    const job = await this.transactions.runInTurn([`${workspace}/${sha256}`], async (session) => {
      if (!(await this.embeddings.expect(workspace, sha256, session))) return null;
      return this.ledger.add(embedContent, { workspace, payload: { workspace, sha256 } }, session);
    });
    if (job) await this.queue.enqueue(job);
  }

  forget(workspace: string, sha256: string): Promise<void> {
    return this.embeddings.remove(workspace, sha256);
  }
}
