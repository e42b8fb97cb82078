import { Injectable } from '@nestjs/common';
import { Bus, sendSignal } from '@pentaprism/bus';
import { analyseContent, contentAnalysed, type JobPayload, type JobResult } from '@pentaprism/contracts';
import type { JobDocument, JobEffect } from '@pentaprism/jobs';
import type { ClientSession } from 'mongoose';
import { ContentRepository } from '../contents/content.repository.js';
import { isStorageFault } from '../contents/storage-fault.js';
import { WriteAnalyses } from './write-analyses.js';

type Result = JobResult<typeof analyseContent>;

/** The reason that clients get. Messages of failures are for operators: they name paths and libraries. */
export const NO_RESULT = 'The file could not be decoded: each attempt ended with a failure of the decoder.';

/** Stores what a worker found out about bytes, on the content and on every image that references it. */
@Injectable()
export class AnalyseContentEffect implements JobEffect<typeof analyseContent> {
  readonly type = analyseContent;

  constructor(
    private readonly contents: ContentRepository,
    private readonly analyses: WriteAnalyses,
    private readonly bus: Bus,
  ) {}

  completed(job: JobDocument, result: Result, session: ClientSession): Promise<void> {
    return this.write(job, result, session);
  }

  /** Images may be deleted before their bytes are analysed, and the bytes soon after. */
  async isWanted(job: JobDocument): Promise<boolean> {
    const { workspace, sha256 } = job.payload as JobPayload<typeof analyseContent>;
    return (await this.contents.states(workspace, [sha256])).has(sha256);
  }

  /**
   * Marks bytes that killed every worker as undecodable, so that no other part of the system tries. Damaged or missing
   * bytes say nothing about the image: it stays pending, and the next upload of the same bytes, which repairs them, begins
   * a new analysis.
   */
  async ended(job: JobDocument, session: ClientSession): Promise<void> {
    if (isStorageFault(job)) {
      const { workspace, sha256 } = job.payload as JobPayload<typeof analyseContent>;
      return this.contents.setUnseen(workspace, sha256, session);
    }
    await this.write(job, { state: 'undecodable', reason: NO_RESULT, code: 'failed' }, session);
  }

  committed(job: JobDocument): void {
    const { workspace, sha256 } = job.payload as JobPayload<typeof analyseContent>;
    sendSignal(this.bus.connection, contentAnalysed, { workspace, sha256 });
  }

  private async write(job: JobDocument, result: Result, session: ClientSession): Promise<void> {
    const { workspace, sha256 } = job.payload as JobPayload<typeof analyseContent>;
    await this.analyses.write(workspace, [{ sha256, result }], session);
  }
}
