import { Injectable } from '@nestjs/common';
import { FairShares } from '@pentaprism/concurrency';

/** Comparisons that share the event loop at a time, of all workspaces and of one. */
const MAX_COMPARISONS = 4;
const MAX_COMPARISONS_PER_WORKSPACE = 2;

/**
 * Lets workspaces take turns, so that one with large projects does not keep others waiting. A turn is for computing only: one that
 * waited for memory or for vectors would stop all workspaces, and work that holds memory while it waits for a turn would never get one.
 */
@Injectable()
export class ComparisonTurns {
  private readonly shares = new FairShares({ capacity: MAX_COMPARISONS, perKey: MAX_COMPARISONS_PER_WORKSPACE });

  /** @param signal ends the wait for a turn. Work that has begun goes on */
  async run<T>(workspace: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const giveBack = await this.shares.take(workspace, { signal });
    try {
      return await work();
    } finally {
      giveBack();
    }
  }
}
