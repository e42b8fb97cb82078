import { Injectable } from '@nestjs/common';
import { analyseContent } from '@pentaprism/contracts';
import { JobLedger, JobQueue } from '@pentaprism/jobs';
import { ContentRepository } from '../contents/content.repository.js';
import type { ContentDocument } from '../contents/content.schema.js';
import { ANALYSIS_PRIORITY } from '../contents/analysis-priority.js';

/**
 * Makes the pictures of a content again whose stored bytes are damaged or missing: another analysis of the original stores
 * them, and replaces damaged bytes on the way.
 */
@Injectable()
export class RemakePictures {
  constructor(
    private readonly contents: ContentRepository,
    private readonly ledger: JobLedger,
    private readonly queue: JobQueue,
  ) {}

  /**
   * @param derived the sha256 of the picture
   * @param pass when the pass of the scrub began: a content is analysed once in it, however many of its pictures are lost
   * @returns how many analyses were begun: one, or none if no image needs the picture any more
   */
  async remake(workspace: string, derived: string, pass: Date): Promise<number> {
    // Different files of one picture can share what was made of them: one of them is enough.
    const content = await this.contents.findWithDerived(workspace, derived);
    return content ? this.analyseAgain(content, pass) : 0;
  }

  /** Begins an analysis of a content, unless one has begun in this pass. @returns how many were begun: one, or none */
  async analyseAgain(
    { workspace, sha256, size }: Pick<ContentDocument, 'workspace' | 'sha256' | 'size'>,
    pass: Date,
  ): Promise<number> {
    const payload = { workspace, sha256, size };
    const idempotencyKey = `remake ${sha256} ${pass.toISOString()}`;
    const priority = ANALYSIS_PRIORITY.later;
    const { job, created } = await this.ledger.addOnce(analyseContent, {
      workspace,
      payload,
      priority,
      idempotencyKey,
    });
    if (!created) return 0;
    // Not awaited: the ledger has it.
    void this.queue.enqueue(job);
    return 1;
  }
}
