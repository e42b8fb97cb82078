import { Injectable } from '@nestjs/common';
import { analyseContent } from '@pentaprism/contracts';
import { JobLedger, JobQueue } from '@pentaprism/jobs';
import { ContentRepository } from '../contents/content.repository.js';
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
   * @returns how many analyses were begun: one, or none if no image needs the picture any more
   */
  async remake(workspace: string, derived: string): Promise<number> {
    // Different files of one picture can share what was made of them: one of them is enough.
    const content = await this.contents.findWithDerived(workspace, derived);
    if (!content) return 0;
    const { sha256, size } = content;
    const payload = { workspace, sha256, size };
    const job = await this.ledger.add(analyseContent, { workspace, payload, priority: ANALYSIS_PRIORITY.later });
    // Not awaited: the ledger has it.
    void this.queue.enqueue(job);
    return 1;
  }
}
