import { Injectable } from '@nestjs/common';
import { FairShares } from '@pentaprism/concurrency';

/** Comparisons that share the event loop at a time, of all workspaces and of one. */
const MAX_COMPARISONS = 4;
const MAX_COMPARISONS_PER_WORKSPACE = 2;

/** Lets workspaces take turns, so that one with large projects does not keep others waiting. */
@Injectable()
export class ComparisonTurns {
  private readonly shares = new FairShares({ capacity: MAX_COMPARISONS, perKey: MAX_COMPARISONS_PER_WORKSPACE });

  async run<T>(workspace: string, work: () => Promise<T>): Promise<T> {
    const giveBack = await this.shares.take(workspace);
    try {
      return await work();
    } finally {
      giveBack();
    }
  }
}
