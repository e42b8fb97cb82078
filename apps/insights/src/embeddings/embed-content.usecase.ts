import { Injectable } from '@nestjs/common';
import { Groups } from '@pentaprism/concurrency';
import { embedContents, MAX_CONTENTS_PER_EMBEDDING_JOB } from '@pentaprism/contracts';
import { Transactions } from '@pentaprism/database';
import { JobLedger, JobQueue, type JobDocument } from '@pentaprism/jobs';
import { LRUCache } from 'lru-cache';
import type { ClientSession, Types } from 'mongoose';
import { EmbeddingRepository } from './embedding.repository.js';

/** Workspaces whose last job is remembered. */
const MAX_WORKSPACES = 1_000;

/**
 * Requests the embedding of a content with its first image, and removes it with the bytes. Contents of a workspace share jobs while
 * these wait: starting and ending a job costs as much as an embedding.
 */
@Injectable()
export class EmbedContent {
  private readonly requests = new Groups<string, void>((workspace, hashes) => this.requestAll(workspace, hashes));
  /** The last job of each workspace, which may have room for more contents. */
  private readonly lastJobs = new LRUCache<string, Types.ObjectId>({ max: MAX_WORKSPACES });

  constructor(
    private readonly embeddings: EmbeddingRepository,
    private readonly transactions: Transactions,
    private readonly ledger: JobLedger,
    private readonly queue: JobQueue,
  ) {}

  request(workspace: string, sha256: string): Promise<void> {
    return this.requests.add(workspace, sha256);
  }

  forget(workspace: string, sha256: string): Promise<void> {
    return this.embeddings.remove(workspace, sha256);
  }

  private async requestAll(workspace: string, hashes: readonly string[]): Promise<undefined[]> {
    const jobs = await this.transactions.run(async (session) => {
      const expected = await this.embeddings.expect(workspace, [...new Set(hashes)], session);
      return (await this.joinLastJob(workspace, expected, session)) ? [] : this.addJobs(workspace, expected, session);
    });
    const last = jobs.at(-1);
    if (last) this.lastJobs.set(workspace, last._id);
    for (const job of jobs) await this.queue.enqueue(job);
    return hashes.map(() => undefined);
  }

  private async joinLastJob(workspace: string, hashes: readonly string[], session: ClientSession): Promise<boolean> {
    const last = this.lastJobs.get(workspace);
    if (!last || hashes.length === 0) return false;
    return this.ledger.extend(last, 'hashes', hashes, { most: MAX_CONTENTS_PER_EMBEDDING_JOB, session });
  }

  private addJobs(workspace: string, hashes: readonly string[], session: ClientSession): Promise<JobDocument[]> {
    const payloads: { workspace: string; hashes: string[] }[] = [];
    for (let i = 0; i < hashes.length; i += MAX_CONTENTS_PER_EMBEDDING_JOB)
      payloads.push({ workspace, hashes: hashes.slice(i, i + MAX_CONTENTS_PER_EMBEDDING_JOB) });
    return this.ledger.addAll(
      embedContents,
      payloads.map((payload) => ({ workspace, payload })),
      session,
    );
  }
}
