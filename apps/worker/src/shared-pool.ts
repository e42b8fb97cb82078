import { FairShares } from '@pentaprism/concurrency';
import type { DecodePool } from '@pentaprism/imaging';

/**
 * A pool of decode processes in which workspaces take turns. One workspace may have all processes while no other waits;
 * otherwise the next free process goes to the workspace that has the least.
 */
export class SharedPool {
  readonly #shares: FairShares;

  /** @param places tasks at a time: as many as the pool has processes */
  constructor(
    private readonly pool: DecodePool,
    places: number,
  ) {
    this.#shares = new FairShares({ capacity: places, perKey: places });
  }

  /**
   * Calls `work` when it is this workspace's turn, and keeps its place until `work` ends.
   *
   * @param signal ends the wait, not the work
   * @throws the signal's reason; what `work` throws
   */
  async use<T>(workspace: string, work: (pool: DecodePool) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const release = await this.#shares.take(workspace, { signal });
    try {
      return await work(this.pool);
    } finally {
      release();
    }
  }

  /** Closes the pool, which then refuses the tasks that wait. */
  close(): Promise<void> {
    return this.pool.close();
  }
}
